//! Two conditions that meet, and what shows only at a repetition or beyond a size.

mod exchanges;
mod messages;
mod sessions;
