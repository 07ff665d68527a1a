//! Numbers of the command line.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Returns a parser of whole numbers in this range, for an option.
pub(super) fn whole<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (from, to) = (range.start(), range.end());
            format!("expected a whole number from {from} to {to}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_numbers_are_right() {
        let jobs = whole(1..=4096_u16);
        assert_eq!(jobs("4096"), Ok(4096));
        for text in ["0", "4097", "many", "", "1.5", "-1", "70000"] {
            let says = "expected a whole number from 1 to 4096";
            assert_eq!(jobs(text), Err(says.to_owned()), "{text}");
        }
    }
}
