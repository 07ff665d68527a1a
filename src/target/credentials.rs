//! A user name, and a password that is never shown.

use mqtt_check_codec::{Connect, Packet};

use crate::scenario::model::{Secret, User};

/// The user name and password that clients log in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: Option<Secret>,
}

impl Credentials {
    /// Returns the credentials of a user.
    pub fn of(user: &User) -> Self {
        Self {
            user: user.name.clone(),
            password: Some(user.password.clone()),
        }
    }

    /// Puts the credentials into a CONNECT without user name and password. Returns whether it did.
    pub fn put(&self, packet: &mut Packet) -> bool {
        match packet {
            Packet::Connect(connect) => self.put_into(connect),
            _ => false,
        }
    }

    fn put_into(&self, connect: &mut Connect) -> bool {
        let is_open = connect.username.is_none() && connect.password.is_none();
        if is_open {
            connect.username = Some(self.user.clone().into());
            connect.password = self.password.as_ref().map(|secret| secret.expose().clone());
        }
        is_open
    }

    /// Hides the password in a packet that [`put`](Self::put) has filled. Each byte becomes a `*`, so that the rest of
    /// the packet stays in place.
    pub fn hide(packet: &mut Packet) {
        if let Packet::Connect(connect) = packet
            && let Some(password) = &mut connect.password
        {
            *password = vec![b'*'; password.len()].into();
        }
    }
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{Properties, ProtocolVersion};

    use super::*;

    fn connect(username: Option<&'static str>) -> Packet {
        Packet::Connect(Box::new(Connect {
            version: ProtocolVersion::V5,
            clean_start: true,
            keep_alive_s: 0,
            properties: Properties::new(),
            client_id: "a".into(),
            will: None,
            username: username.map(Into::into),
            password: None,
        }))
    }

    fn credentials() -> Credentials {
        Credentials {
            user: "me".into(),
            password: Some(Secret::new("hush")),
        }
    }

    #[test]
    fn fill_only_what_the_scenario_does_not_set() {
        let mut packet = connect(None);
        assert!(credentials().put(&mut packet));
        let Packet::Connect(filled) = &packet else {
            unreachable!("it is a CONNECT");
        };
        assert_eq!(filled.username.as_deref(), Some("me"));
        assert_eq!(filled.password.as_deref(), Some(&b"hush"[..]));
        let mut named = connect(Some("other"));
        assert!(!credentials().put(&mut named));
        assert_eq!(named, connect(Some("other")));
    }

    #[test]
    fn a_password_is_never_shown() {
        let mut packet = connect(None);
        credentials().put(&mut packet);
        Credentials::hide(&mut packet);
        let Packet::Connect(hidden) = &packet else {
            unreachable!("it is a CONNECT");
        };
        assert_eq!(hidden.password.as_deref(), Some(&b"****"[..]));
        for shown in [format!("{packet:?}"), format!("{:?}", credentials())] {
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
