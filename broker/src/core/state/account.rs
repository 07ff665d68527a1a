//! Bytes that many parts hold together under one limit. Each has a [`Charge`], and dropping the charge gives the bytes
//! back, so no path can forget it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all its charges come to. Clones are the same account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account(Arc<AtomicUsize>);

impl Account {
    /// In bytes.
    pub(crate) fn used(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether a holder that has `own` bytes of it may have so many more, where this is the limit: as many in all as
    /// are still free then, so that one who takes much leaves as much to the others.
    pub(crate) fn admits(&self, own: usize, bytes: usize, limit: usize) -> bool {
        let free = limit.saturating_sub(self.used());
        own.saturating_add(bytes.saturating_mul(2)) <= free
    }

    /// A charge of so many bytes.
    pub(crate) fn charge(&self, bytes: usize) -> Charge {
        let mut charge = Charge::default();
        charge.set(bytes);
        charge.attach(self);
        charge
    }
}

/// What one holder has, in bytes, alone or of an account.
#[derive(Debug, Default)]
pub(crate) struct Charge {
    bytes: usize,
    account: Option<Account>,
}

impl Charge {
    /// Of so many bytes, and of no account yet.
    pub(crate) fn of(bytes: usize) -> Self {
        Self {
            bytes,
            account: None,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// From now on it counts in this account, and in no other.
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

    /// Whether its account admits so many bytes more to a holder of `own`. Where there is none, it may have them.
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
