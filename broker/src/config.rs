//! What the broker offers and enforces, and what it stores of passwords. It enforces what its CONNACK announces.

use mqtt_check_scram::{ITERATIONS, Verifier, nonce};

pub use mqtt_check_vocabulary::{ClientIds, Config, Mechanism, Secret, User};

/// Returns the verifier of this user's password. For an unknown user, the error has the salt and the iteration count
/// that such a user would have. The salt is derived from the name: the passwords are in the configuration anyway, and
/// the same broker then sends the same bytes in every run.
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
