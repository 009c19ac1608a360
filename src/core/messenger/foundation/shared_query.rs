//! The same question asked many times at once is answered by two queries: the one that runs, and one for all who came
//! while it ran. So whoever repeats an expensive question does not take the database's connections from others.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::messenger::foundation::Result;

type Waiting<V> = Vec<oneshot::Sender<V>>;

/// The queries that run now, by what is asked, with those who wait for the next one.
pub(crate) struct SharedQueries<K, V>(Arc<Mutex<HashMap<K, Waiting<V>>>>);

impl<K, V> Default for SharedQueries<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Lets those who wait ask for themselves when a query fails or is given up.
struct Turn<K: Eq + Hash, V> {
    running: Arc<Mutex<HashMap<K, Waiting<V>>>>,
    key: K,
}

impl<K: Eq + Hash, V> Drop for Turn<K, V> {
    fn drop(&mut self) {
        lock(&self.running).remove(&self.key);
    }
}

impl<K, V> SharedQueries<K, V>
where
    K: Eq + Hash + Clone + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Runs a query unless the same one runs. Then it waits for the next run, because the running one may have begun before
    /// what the caller knows to be there was written.
    pub(crate) async fn get<Q, F>(&self, key: K, query: Q) -> Result<V>
    where
        Q: Fn() -> F + Send + 'static,
        F: Future<Output = Result<V>> + Send + 'static,
    {
        loop {
            let Some(next) = self.wait(&key) else {
                let turn = Turn { running: self.0.clone(), key };
                let answer = query().await;
                if turn.has_waiting() {
                    // In a task of its own: those who wait must not depend on this request.
                    tokio::spawn(turn.answer_waiting(query));
                }
                return answer;
            };
            if let Ok(answer) = next.await {
                return Ok(answer);
            }
        }
    }

    /// Waits for the next run of a query; `None` when it does not run, and the caller is to run it.
    fn wait(&self, key: &K) -> Option<oneshot::Receiver<V>> {
        let mut running = lock(&self.0);
        match running.get_mut(key) {
            Some(waiting) => {
                let (sender, next) = oneshot::channel();
                waiting.push(sender);
                Some(next)
            }
            None => {
                running.insert(key.clone(), Vec::new());
                None
            }
        }
    }
}

impl<K: Eq + Hash, V: Clone> Turn<K, V> {
    fn has_waiting(&self) -> bool {
        lock(&self.running).get(&self.key).is_some_and(|waiting| !waiting.is_empty())
    }

    /// Those who wait, without those who have gone.
    fn take_waiting(&self) -> Waiting<V> {
        let waiting = lock(&self.running).get_mut(&self.key).map(std::mem::take).unwrap_or_default();
        waiting.into_iter().filter(|sender| !sender.is_closed()).collect()
    }

    /// Runs the query until nobody waits for it.
    async fn answer_waiting<Q, F>(self, query: Q)
    where
        Q: Fn() -> F,
        F: Future<Output = Result<V>>,
    {
        loop {
            let waiting = self.take_waiting();
            if waiting.is_empty() {
                return;
            }
            // When it fails, each asks for itself and gets the error.
            let Ok(answer) = query().await else { return };
            for sender in waiting {
                let _ = sender.send(answer.clone());
            }
        }
    }
}

fn lock<K, V>(running: &Mutex<HashMap<K, Waiting<V>>>) -> MutexGuard<'_, HashMap<K, Waiting<V>>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use futures_util::poll;
    use tokio::sync::Semaphore;

    use super::*;

    /// A query that waits for a permit, and answers how often it has run.
    fn query(
        runs: &Arc<AtomicUsize>,
        gate: &Arc<Semaphore>,
    ) -> impl Fn() -> BoxedAnswer + Send + 'static + use<> {
        let (runs, gate) = (runs.clone(), gate.clone());
        move || {
            let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
            let gate = gate.clone();
            Box::pin(async move {
                gate.acquire().await.unwrap().forget();
                Ok(run)
            })
        }
    }

    type BoxedAnswer = std::pin::Pin<Box<dyn Future<Output = Result<usize>> + Send>>;

    #[tokio::test]
    async fn a_question_asked_many_times_at_once_is_answered_by_two_queries() {
        let (runs, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let queries = SharedQueries::default();
        let mut first = std::pin::pin!(queries.get("list", query(&runs, &gate)));
        assert!(poll!(first.as_mut()).is_pending());
        let mut others = std::pin::pin!(join_all((0..20).map(|_| queries.get("list", query(&runs, &gate)))));
        assert!(poll!(others.as_mut()).is_pending());
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), 1, "it began before the others asked");
        let answers: Vec<_> = others.await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, [2; 20]);
        gate.add_permits(1);
        assert_eq!(queries.get("list", query(&runs, &gate)).await.unwrap(), 3, "nothing is kept");
    }

    #[tokio::test]
    async fn who_waits_asks_again_when_the_one_who_asked_first_has_gone() {
        let (runs, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let queries = SharedQueries::default();
        let mut first = Box::pin(queries.get("list", query(&runs, &gate)));
        assert!(poll!(first.as_mut()).is_pending());
        let mut other = std::pin::pin!(queries.get("list", query(&runs, &gate)));
        assert!(poll!(other.as_mut()).is_pending());
        drop(first);
        gate.add_permits(1);
        assert_eq!(other.await.unwrap(), 2);
    }
}
