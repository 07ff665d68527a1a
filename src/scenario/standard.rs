//! Rules of the standards that MQTT builds on. They are cited by document and section, such as `RFC 6455, 5.5.2`. They
//! are the same in every version of MQTT and have no summary in the catalogue.

/// The documents, each with its subject.
const DOCUMENTS: &[(&str, &str)] = &[
    ("RFC 5802", "SCRAM"),
    ("RFC 6455", "WebSocket"),
    ("RFC 7677", "SCRAM-SHA-256"),
];

/// Why a text is not such a rule, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    pub title: String,
    pub hint: String,
}

/// Returns the subject of the document that a rule cites.
///
/// # Errors
/// Returns an error if the document is unknown or the text has another form.
pub fn subject(rule: &str) -> Result<&'static str, Unknown> {
    let Some((document, section)) = rule.split_once(", ") else {
        return Err(Unknown {
            title: format!("`{rule}` is not a rule of another standard"),
            hint: "write document, comma and section, as in `RFC 6455, 5.5.2`".to_owned(),
        });
    };
    let Some((_, about)) = DOCUMENTS.iter().find(|(name, _)| *name == document) else {
        let known: Vec<&str> = DOCUMENTS.iter().map(|(name, _)| *name).collect();
        return Err(Unknown {
            title: format!("unknown standard `{document}`"),
            hint: format!("MQTT builds on {}", known.join(", ")),
        });
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !section.split('.').all(is_number) {
        return Err(Unknown {
            title: format!("`{section}` is not a section of {document}"),
            hint: "numbers with dots between them, as in `RFC 6455, 5.5.2`".to_owned(),
        });
    }
    Ok(about)
}

/// Whether a text is a rule of another standard.
pub fn is_rule(text: &str) -> bool {
    subject(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_document_and_a_section() {
        for (rule, about) in [
            ("RFC 6455, 5.5.2", "WebSocket"),
            ("RFC 6455, 4", "WebSocket"),
            ("RFC 5802, 5.1", "SCRAM"),
        ] {
            assert_eq!(subject(rule), Ok(about));
        }
        for (rule, title) in [
            ("RFC 6455", "`RFC 6455` is not a rule of another standard"),
            (
                "MQTT-6.0.0-1",
                "`MQTT-6.0.0-1` is not a rule of another standard",
            ),
            ("RFC 6456, 5", "unknown standard `RFC 6456`"),
            ("RFC 6455, five", "`five` is not a section of RFC 6455"),
            ("RFC 6455, 5..1", "`5..1` is not a section of RFC 6455"),
        ] {
            let found = subject(rule).map_err(|unknown| unknown.title);
            assert_eq!(found, Err(title.to_owned()));
        }
    }
}
