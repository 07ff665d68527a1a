//! Counts bytes that several holders use under one limit. Each holder has a [`Charge`]. Dropping the charge gives its
//! bytes back, so no code path can forget to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The sum of its charges. Clones are the same account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account(Arc<AtomicUsize>);

impl Account {
    /// Returns the bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns whether a holder that already has `own` bytes may have `bytes` more. Afterwards at
    /// least as many bytes must be free as the holder has, so no single holder can use up the account.
    pub(crate) fn admits(&self, own: usize, bytes: usize, limit: usize) -> bool {
        let free = limit.saturating_sub(self.used());
        own.saturating_add(bytes.saturating_mul(2)) <= free
    }

    /// Returns a charge of this many bytes in the account.
    pub(crate) fn charge(&self, bytes: usize) -> Charge {
        let mut charge = Charge::default();
        charge.set(bytes);
        charge.attach(self);
        charge
    }
}

/// The bytes of one holder. They count in an account if one is attached.
#[derive(Debug, Default)]
pub(crate) struct Charge {
    bytes: usize,
    account: Option<Account>,
}

impl Charge {
    /// Returns a charge of this many bytes without an account.
    pub(crate) fn of(bytes: usize) -> Self {
        Self {
            bytes,
            account: None,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Moves the charge to this account.
    pub(crate) fn attach(&mut self, account: &Account) {
        let bytes = self.bytes;
        self.set(0);
        self.account = Some(account.clone());
        self.set(bytes);
    }

    pub(crate) fn set(&mut self, bytes: usize) {
        if let Some(Account(used)) = &self.account {
            used.fetch_add(bytes, Ordering::Relaxed);
            used.fetch_sub(self.bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_add(bytes));
    }

    pub(crate) fn sub(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_sub(bytes));
    }

    /// Returns whether the account admits more bytes for a holder that has `own`. Without an account, it always does.
    pub(crate) fn admits(&self, own: usize, bytes: usize, limit: usize) -> bool {
        let account = self.account.as_ref();
        account.is_none_or(|account| account.admits(own, bytes, limit))
    }
}

impl Clone for Charge {
    fn clone(&self) -> Self {
        let mut charge = Self::default();
        charge.bytes = self.bytes;
        if let Some(account) = &self.account {
            charge.attach(account);
        }
        charge
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back() {
        let account = Account::default();
        let mut one = account.charge(10);
        let other = one.clone();
        one.add(5);
        assert_eq!(account.used(), 25);
        drop(one);
        assert_eq!(account.used(), 10);
        let elsewhere = Account::default();
        let mut other = other;
        other.attach(&elsewhere);
        assert_eq!((account.used(), elsewhere.used()), (0, 10));
        other.sub(4);
        assert_eq!(elsewhere.used(), 6);
    }

    #[test]
    fn no_holder_takes_what_the_others_need() {
        let account = Account::default();
        let mut greedy = account.charge(0);
        while greedy.admits(greedy.bytes(), 1, 100) {
            greedy.add(1);
        }
        assert_eq!(greedy.bytes(), 50);
        let mut another = account.charge(0);
        while another.admits(another.bytes(), 1, 100) {
            another.add(1);
        }
        assert_eq!(another.bytes(), 25);
        assert!(account.charge(0).admits(0, 10, 100));
        assert!(Charge::default().admits(0, 1_000, 0));
    }
}
