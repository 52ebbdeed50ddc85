//! Counts what is under way, so that a server that ends can wait for it.

use std::time::Duration;

use tokio::sync::watch;

/// How many things are under way.
#[derive(Debug, Clone)]
pub(crate) struct Tally(watch::Sender<usize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket(watch::Sender<usize>);

impl Tally {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// One more.
    pub(crate) fn ticket(&self) -> Ticket {
        self.0.send_modify(|count| *count += 1);
        Ticket(self.0.clone())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until there is none, or for so long; whether there is none.
    pub(crate) async fn none(&self, patience: Duration) -> bool {
        let mut follow = self.0.subscribe();
        let none = follow.wait_for(|count| *count == 0);
        tokio::time::timeout(patience, none).await.is_ok()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
