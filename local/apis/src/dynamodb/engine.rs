//! Where the database's calls run: one after another, reads on the spot when nothing else runs, all others on one thread.
//!
//! The database lets one call at a time in. On threads of their own, calls would wait for each other in the kernel,
//! which took a sixth of the speed of due work; a read that need not wait is done before the thread would have woken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use dynoxide::Database;
use tokio::sync::oneshot;

use super::DynamodbError;
use super::dispatch::{Answer, Work, read};
use super::tokens::Tokens;

/// Reads of named items and ranges, which take far less than a millisecond. A scan may take long, a write waits for the disk.
const ON_THE_SPOT: [&str; 4] = ["BatchGetItem", "GetItem", "Query", "TransactGetItems"];

/// A call on its way to the thread.
struct Call {
    work: Work,
    answer: oneshot::Sender<Result<Answer, DynamodbError>>,
}

/// What a call works with; whoever holds it runs.
struct Bench {
    database: Database,
    tokens: Tokens,
}

/// The way to the database; the thread ends with the last clone.
#[derive(Clone)]
pub(super) struct Engine {
    bench: Arc<Mutex<Bench>>,
    calls: Sender<Call>,
}

impl Engine {
    pub fn start(database: Database) -> std::io::Result<Self> {
        let bench = Arc::new(Mutex::new(Bench {
            database,
            tokens: Tokens::default(),
        }));
        let (calls, called) = channel();
        let shared = Arc::clone(&bench);
        std::thread::Builder::new()
            .name("dynamodb".to_owned())
            .spawn(move || serve(&shared, &called))?;
        Ok(Engine { bench, calls })
    }

    /// Runs the named operation on its JSON and answers its JSON.
    pub async fn run(&self, operation: &str, request: &str) -> Result<String, DynamodbError> {
        let work = read(operation, request)?;
        let answer = match self.on_the_spot(operation, work) {
            Ok(answer) => answer?,
            Err(work) => self.queue(work).await?,
        };
        Ok(answer()?)
    }

    /// Does a short read at once, or gives it back.
    fn on_the_spot(
        &self,
        operation: &str,
        work: Work,
    ) -> Result<Result<Answer, DynamodbError>, Work> {
        match self.bench.try_lock() {
            Ok(mut bench) if ON_THE_SPOT.contains(&operation) => Ok(bench.run(work)),
            _ => Err(work),
        }
    }

    async fn queue(&self, work: Work) -> Result<Answer, DynamodbError> {
        let (answer, answered) = oneshot::channel();
        let call = Call { work, answer };
        self.calls.send(call).map_err(|_| DynamodbError::CutOff)?;
        answered.await.map_err(|_| DynamodbError::CutOff)?
    }
}

impl Bench {
    /// A call that panics is cut off; those after it go on.
    fn run(&mut self, work: Work) -> Result<Answer, DynamodbError> {
        let done = catch_unwind(AssertUnwindSafe(|| work(&self.database, &mut self.tokens)));
        done.unwrap_or(Err(DynamodbError::CutOff))
    }
}

fn serve(bench: &Mutex<Bench>, calls: &Receiver<Call>) {
    for Call { work, answer } in calls {
        let done = bench
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .run(work);
        // Whoever asked may have gone away.
        let _ = answer.send(done);
    }
}
