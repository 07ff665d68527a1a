//! Values that are empty in most sessions and take memory only once they have content.

use std::ops::{Deref, DerefMut};

/// A value that is blank until it is changed.
#[derive(Debug, Clone)]
pub(crate) struct BoxedIfChanged<T>(Option<Box<T>>);

/// A type with a constant for its blank value.
pub(crate) trait Blank: Default + 'static {
    const BLANK: &'static Self;
}

impl<T> Default for BoxedIfChanged<T> {
    fn default() -> Self {
        Self::blank()
    }
}

impl<T> BoxedIfChanged<T> {
    /// Returns a blank value.
    pub(crate) const fn blank() -> Self {
        Self(None)
    }

    /// Returns the value to change it, or `None` if it is blank. Allocates nothing.
    pub(crate) fn there(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }
}

impl<T: Default> BoxedIfChanged<T> {
    /// Takes the value and leaves a blank one.
    pub(crate) fn take(&mut self) -> T {
        self.0.take().map(|there| *there).unwrap_or_default()
    }
}

impl<T: Blank> Deref for BoxedIfChanged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::BLANK)
    }
}

/// Mutable access allocates the value.
impl<T: Blank> DerefMut for BoxedIfChanged<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Numbers(Vec<u8>);

    impl Blank for Numbers {
        const BLANK: &'static Self = &Self(Vec::new());
    }

    #[test]
    fn takes_memory_from_the_first_change_on() {
        let mut seldom = BoxedIfChanged::<Numbers>::default();
        assert!(seldom.0.is_none());
        assert!(seldom.deref().0.is_empty());
        assert_eq!(seldom.there(), None, "reading makes nothing");
        seldom.deref_mut().0.push(7);
        assert_eq!(seldom.there(), Some(&mut Numbers(vec![7])));
        assert_eq!(*seldom, Numbers(vec![7]));
        assert_eq!(seldom.take(), Numbers(vec![7]));
        assert!(seldom.0.is_none());
        assert_eq!(seldom.take(), Numbers(vec![]));
    }
}
