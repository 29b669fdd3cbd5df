//! Between the reading and the transaction that asks for a step a hold is placed, or the contract lives: nothing goes.

use ciero_domain::contract::Standing;
use ciero_domain::hold::{Holds, Scope};
use ciero_domain::purge::{Act, Step};
use ciero_ports::{Confidential, Contracts, Decision, Write};
use jiff::Timestamp;

use super::cloud::{Before, Held};
use super::world::{PURGED_ON, World, camera_id};
use super::{place, recordings};

const STEPS: [Step; 6] = [
    Step::Recordings,
    Step::Files,
    Step::Accounts,
    Step::Devices,
    Step::Register,
    Step::Records,
];
/// What an undisturbed purge of this customer counts outside of the tables.
const COUNTS: [u64; 4] = [2; 4];

/// A purge that stands just before it asks for a step, with what was read for it.
async fn before(step: Step) -> World {
    let world = World::ended().await;
    happens(&world, step, None);
    assert!(world.deliver(PURGED_ON).await.is_err());
    world.fuse.set(i64::MAX);
    world
}

/// Lets somebody write just before the step is asked for, or kills the run there.
fn happens(world: &World, step: Step, writes: Option<Decision>) {
    *world.before.lock().unwrap() = Some(Before {
        step: Some(step),
        kills: writes.is_none(),
        writes,
    });
}

/// What must not change, and how often the step was asked for.
async fn seen(world: &World, step: Step) -> (Held, Vec<String>, usize) {
    let state = world.cloud.state.lock().unwrap().clone();
    let mut items = world.items().await;
    let of_data = ["USER#", "CAMERA#", "EMAIL#", "SERIAL#", "REGISTER"];
    items.retain(|item| of_data.iter().any(|kind| item.contains(kind)));
    let acts = world.lines().await.into_iter().flat_map(|line| line.acts);
    let asks = |act: &Act| matches!(act, Act::Asked { step: of, .. } if *of == step);
    (state, items, acts.filter(asks).count())
}

/// The next version of the contract, which stands so.
async fn stands(world: &World, standing: Standing) -> Decision {
    let mut contract = world.contract().await;
    let history = world.store.history(&world.contract).await.unwrap();
    contract.version += 1;
    contract.standing = standing;
    let entry = history.last().unwrap().clone();
    Decision::of(Write::Contract(Box::new(contract), Box::new(entry)))
}

mod art_15 {
    use super::*;

    #[tokio::test]
    async fn a_contract_that_lives_before_a_step_is_asked_for_loses_nothing_by_it() {
        for step in STEPS {
            let world = before(step).await;
            let ended = world.contract().await.standing;
            let was = seen(&world, step).await;
            let lives = stands(&world, Standing::Active).await;
            happens(&world, step, Some(lives));
            world.deliver(PURGED_ON).await.unwrap();
            assert_eq!(world.contract().await.standing, Standing::Active);
            assert_eq!(seen(&world, step).await, was, "{step:?}");
            assert!(world.before.lock().unwrap().is_none(), "{step:?}");
            let again = stands(&world, ended).await;
            world.write(again).await;
            world.deliver(PURGED_ON).await.unwrap();
            assert!(world.contract().await.deletion.certified_on.is_some());
            assert_eq!(world.counts().await[..4], COUNTS, "{step:?}");
        }
    }
}

mod art_21 {
    use super::*;

    #[tokio::test]
    async fn a_hold_that_comes_before_a_step_is_asked_for_stops_it_and_it_is_tried_again() {
        for step in STEPS {
            let world = before(step).await;
            let was = seen(&world, step).await;
            let scope = match step {
                Step::Recordings => recordings(1),
                _ => Scope::RegisteredData,
            };
            let holds = Holds::none(world.contract.clone());
            let holds = holds.placed("x-1", vec![scope], Timestamp::UNIX_EPOCH);
            let placed = Decision::of(Write::Holds(Box::new(holds)));
            *world.before.lock().unwrap() = Some(Before {
                step: Some(step),
                writes: Some(placed),
                kills: true,
            });
            // The transaction is refused, and what would come next is never done.
            assert!(world.deliver(PURGED_ON).await.is_err(), "{step:?}");
            assert_eq!(seen(&world, step).await, was, "{step:?}");
            assert_eq!(world.store.holds(&world.contract).await.unwrap().version, 1);
            world.fuse.set(i64::MAX);
            world.deliver(PURGED_ON).await.unwrap();
            assert_eq!(world.contract().await.deletion.certified_on, None);
            let now = seen(&world, step).await;
            let held = format!("ciero-{}", camera_id(1));
            match step {
                Step::Recordings => {
                    assert!(now.0.streams.contains(&held));
                    assert_eq!(now.0.streams.len(), was.0.streams.len() - 1);
                }
                // Neither is in the scope of a hold: each is tried again under it.
                Step::Files => assert_eq!(now.0.files.len(), was.0.files.len() - 2),
                Step::Devices => assert_eq!(now.0.things.len(), was.0.things.len() - 2),
                _ => assert_eq!((&now.0.accounts, now.1), (&was.0.accounts, was.1)),
            }
            place(&world, None).await;
            world.deliver(PURGED_ON).await.unwrap();
            assert!(world.contract().await.deletion.certified_on.is_some());
            assert_eq!(world.counts().await[..4], COUNTS, "{step:?}");
        }
    }
}
