//! The frame of a page: its head, its content security policy, its style and its script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mqtt_check_codec::describe::visible;
use sha2::{Digest as _, Sha256};

/// The icon of a page in a browser tab.
const ICON: &str = include_str!("icon.svg");

/// What the page of a kind of report looks like and does. Both texts are part of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) style: &'static str,
    pub(super) script: &'static str,
}

impl Frame {
    /// Returns the page with this content. The data is for the scripts.
    pub(super) fn page(self, title: &str, content: Markup, data: Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { (self.head(title)) }
                body {
                    (PreEscaped(visible(&content.into_string())))
                    (data)
                    script { (PreEscaped(self.script)) }
                }
            }
        };
        page.into_string() + "\n"
    }

    fn head(self, title: &str) -> Markup {
        let icon = format!("data:image/svg+xml;base64,{}", STANDARD.encode(ICON));
        html! {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(self.policy());
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { (visible(title)) }
            link rel="icon" href=(icon);
            style { (PreEscaped(self.style)) }
        }
    }

    /// The content security policy. Nothing is loaded, and only the one script runs. It cannot create HTML from text.
    pub(super) fn policy(self) -> String {
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
             form-action 'none'; require-trusted-types-for 'script'",
            hash(self.script),
            hash(self.style)
        )
    }
}
