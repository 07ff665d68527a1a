//! What the broker offers and enforces, and what it keeps of passwords. What CONNACK announces is what is enforced.

use mqtt_check_scram::{ITERATIONS, Verifier, nonce};

pub use mqtt_check_vocabulary::{ClientIds, Config, Mechanism, Secret, User};

/// What is kept of this user's password; of a stranger the salt and the iterations that one would have. The salt is
/// made of the name: the passwords stand in the configuration anyway, and the same broker gives the same bytes.
pub(crate) fn verifier(
    config: &Config,
    mechanism: Mechanism,
    name: &str,
) -> Result<Verifier, (Vec<u8>, u32)> {
    let salt = nonce(format!("salt of {name}").as_bytes()).into_bytes();
    let mut users = config.authentication.get(&mechanism).into_iter().flatten();
    match users.find(|user| user.name == name) {
        Some(user) => Ok(Verifier::new(user.password.expose(), &salt, ITERATIONS)),
        None => Err((salt, ITERATIONS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_called_the_same_everywhere() {
        assert_eq!(Mechanism::ScramSha256.name(), mqtt_check_scram::MECHANISM);
    }
}
