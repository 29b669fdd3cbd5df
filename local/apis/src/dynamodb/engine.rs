//! The thread that the database's calls run on, one after another.
//!
//! The database lets one call at a time in. On threads of their own, calls would wait for each other in the kernel,
//! which took a sixth of the speed of due work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use dynoxide::Database;
use tokio::sync::oneshot;

use super::DynamodbError;
use super::dispatch::{Answer, Work, read};
use super::tokens::Tokens;

/// A call on its way to the thread.
struct Call {
    work: Work,
    answer: oneshot::Sender<Result<Answer, DynamodbError>>,
}

/// The way to the thread, which ends with the last clone.
#[derive(Clone)]
pub(super) struct Engine(Sender<Call>);

impl Engine {
    pub fn start(database: Database) -> std::io::Result<Self> {
        let (calls, called) = channel();
        std::thread::Builder::new()
            .name("dynamodb".to_owned())
            .spawn(move || serve(&database, &called))?;
        Ok(Engine(calls))
    }

    /// Runs the named operation on its JSON and answers its JSON.
    pub async fn run(&self, operation: &str, request: &str) -> Result<String, DynamodbError> {
        let work = read(operation, request)?;
        let (answer, answered) = oneshot::channel();
        let call = Call { work, answer };
        self.0.send(call).map_err(|_| DynamodbError::CutOff)?;
        let answer = answered.await.map_err(|_| DynamodbError::CutOff)??;
        Ok(answer()?)
    }
}

fn serve(database: &Database, calls: &Receiver<Call>) {
    let mut tokens = Tokens::default();
    for Call { work, answer } in calls {
        // A call that panics is cut off; those after it go on.
        let done = catch_unwind(AssertUnwindSafe(|| work(database, &mut tokens)));
        // Whoever asked may have gone away.
        let _ = answer.send(done.unwrap_or(Err(DynamodbError::CutOff)));
    }
}
