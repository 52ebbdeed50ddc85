//! Questions of several readers that go through a model in one batch.
//!
//! Readers that want the same expert at the same time put what they have side by side. One of
//! them, the first to find the expert free, asks it about everything that lies there and hands the
//! answers round; what comes in meanwhile is the next batch. Nobody waits where nobody else reads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::whole::whole;

/// Readers that share the experts of a model, and how often these were asked.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// For how long the first of a batch waits for others who read.
    patience: Duration,
    /// How many read.
    readers: AtomicUsize,
    counts: Arc<Counts>,
}

/// How often experts were asked, and about how many things.
#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    items: AtomicU64,
}

impl Sharing {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, ..Self::default() }
    }

    /// The same for readers who ask something else; counted together.
    pub(crate) fn apart(&self) -> Self {
        Self { counts: Arc::clone(&self.counts), ..Self::new(self.patience) }
    }

    /// One more reads, until this is dropped.
    pub(crate) fn reader(&self) -> Reader<'_> {
        self.readers.fetch_add(1, Ordering::Relaxed);
        Reader(self)
    }

    /// How often experts were asked, and about how many things.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let Counts { calls, items } = &*self.counts;
        (calls.load(Ordering::Relaxed), items.load(Ordering::Relaxed))
    }

    fn count(&self, items: usize) {
        self.counts.calls.fetch_add(1, Ordering::Relaxed);
        self.counts.items.fetch_add(items as u64, Ordering::Relaxed);
    }
}

/// Somebody who reads.
pub(crate) struct Reader<'a>(&'a Sharing);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Things of one kind on their way to an expert.
pub(crate) struct Together<I, O> {
    sharing: Arc<Sharing>,
    state: Mutex<State<I, O>>,
    changed: Condvar,
}

struct State<I, O> {
    next: u64,
    /// What lies there, by the number of who put it.
    waiting: Vec<(u64, Vec<I>)>,
    /// What is ready.
    ready: Vec<(u64, Outcome<I, O>)>,
    busy: bool,
}

enum Outcome<I, O> {
    Answers(Vec<O>),
    /// The batch failed: whoever put this asks about it alone.
    Back(Vec<I>),
}

/// Batches are no longer than this.
const MOST: usize = 64;

impl<I, O> Together<I, O> {
    pub(crate) fn new(sharing: Arc<Sharing>) -> Self {
        let state = State { next: 0, waiting: Vec::new(), ready: Vec::new(), busy: false };
        Self { sharing, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// One answer for each of `items`, as `run` gives them, perhaps along with those of others.
    /// A batch that fails or panics is asked again reader by reader, so that what is wrong with the
    /// items of one is no failure of the others.
    pub(crate) fn ask<E>(
        &self,
        items: Vec<I>,
        run: impl Fn(&[I]) -> Result<Vec<O>, E>,
    ) -> Result<Vec<O>, E> {
        let alone = |items: &[I]| {
            self.sharing.count(items.len());
            run(items)
        };
        if items.is_empty() || items.len() >= MOST {
            return alone(&items);
        }
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.waiting.push((number, items));
        self.changed.notify_all();
        loop {
            if let Some(place) = state.ready.iter().position(|(of, _)| *of == number) {
                let (_, outcome) = state.ready.swap_remove(place);
                drop(state);
                return match outcome {
                    Outcome::Answers(answers) => Ok(answers),
                    Outcome::Back(items) => alone(&items),
                };
            }
            if state.busy {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.busy = true;
            let taken = self.gather(state);
            let sizes = taken.iter().map(|(number, items)| (*number, items.len())).collect();
            let batch: Vec<I> = taken.into_iter().flat_map(|(_, items)| items).collect();
            self.sharing.count(batch.len());
            // Whoever's turn it is does not fall with what somebody else put there.
            let answers = whole(|| run(&batch)).and_then(Result::ok);
            let answers = answers.filter(|answers| answers.len() == batch.len());
            self.hand_round(sizes, batch, answers);
            state = self.lock();
        }
    }

    /// Waits for others for a moment, and takes what lies there.
    fn gather(&self, mut state: MutexGuard<'_, State<I, O>>) -> Vec<(u64, Vec<I>)> {
        let until = Instant::now() + self.sharing.patience;
        loop {
            let items: usize = state.waiting.iter().map(|(_, items)| items.len()).sum();
            let everybody = state.waiting.len() >= self.sharing.readers.load(Ordering::Relaxed);
            let left = until.saturating_duration_since(Instant::now());
            if everybody || items >= MOST || left.is_zero() {
                return std::mem::take(&mut state.waiting);
            }
            let waited = self.changed.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives each reader its answers or, where there are none, its items back.
    fn hand_round(&self, sizes: Vec<(u64, usize)>, batch: Vec<I>, answers: Option<Vec<O>>) {
        let (mut items, mut answers) = (batch.into_iter(), answers.map(Vec::into_iter));
        let mut state = self.lock();
        for (number, size) in sizes {
            let outcome = match &mut answers {
                Some(answers) => Outcome::Answers(answers.by_ref().take(size).collect()),
                None => Outcome::Back(items.by_ref().take(size).collect()),
            };
            state.ready.push((number, outcome));
        }
        state.busy = false;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<I, O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(patience: u64) -> (Arc<Sharing>, Together<u32, u32>) {
        let sharing = Arc::new(Sharing::new(Duration::from_secs(patience)));
        (Arc::clone(&sharing), Together::new(sharing))
    }

    #[test]
    fn what_several_ask_at_once_goes_through_in_one_batch_and_comes_back_to_each() {
        let (sharing, together) = together(60);
        let readers: Vec<_> = (0..4).map(|_| sharing.reader()).collect();
        std::thread::scope(|scope| {
            for reader in 0..4_u32 {
                let together = &together;
                scope.spawn(move || {
                    let items = vec![reader, reader + 10];
                    let double = |items: &[u32]| Ok::<_, ()>(items.iter().map(|x| x * 2).collect());
                    let answers = together.ask(items, double).unwrap();
                    assert_eq!(answers, [reader * 2, reader * 2 + 20]);
                });
            }
        });
        assert_eq!(sharing.counts(), (1, 8));
        drop(readers);
    }

    #[test]
    fn nobody_waits_where_nobody_else_reads() {
        let (sharing, together) = together(3600);
        let _reader = sharing.reader();
        assert_eq!(together.ask(vec![1], |items| Ok::<_, ()>(items.to_vec())), Ok(vec![1]));
    }

    #[test]
    fn the_items_of_one_that_fail_are_no_failure_of_the_others() {
        let (sharing, together) = together(60);
        let readers: Vec<_> = (0..3).map(|_| sharing.reader()).collect();
        let run = |items: &[u32]| if items.contains(&1) { Err("one") } else { Ok(items.to_vec()) };
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let ask = |reader: u32| {
                scope.spawn({
                    let together = &together;
                    move || together.ask(vec![reader], run)
                })
            };
            let asked: Vec<_> = (0..3).map(ask).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(outcomes, [Ok(vec![0]), Err("one"), Ok(vec![2])]);
        drop(readers);
    }

    #[test]
    fn items_that_make_the_model_panic_are_no_failure_of_the_others() {
        let (sharing, together) = together(60);
        let readers: Vec<_> = (0..3).map(|_| sharing.reader()).collect();
        let run = |items: &[u32]| -> Result<Vec<u32>, ()> {
            assert!(!items.contains(&1), "a model that breaks");
            Ok(items.to_vec())
        };
        std::thread::scope(|scope| {
            let asked = [0, 1, 2].map(|reader: u32| {
                let together = &together;
                scope.spawn(move || together.ask(vec![reader], run))
            });
            let [zero, one, two] = asked.map(std::thread::ScopedJoinHandle::join);
            assert_eq!((zero.unwrap(), two.unwrap()), (Ok(vec![0]), Ok(vec![2])));
            assert!(one.is_err());
        });
        assert!(together.lock().ready.is_empty() && !together.lock().busy);
        drop(readers);
    }
}
