//! Folds the entries of a case.

use super::{Disclosure, Entry, Event, HoldState, HoldWhen, Opening, Signed};

/// Returns the case after an entry. `None` if the entry does not follow: a case begins once, and only by its opening.
pub fn evolve(before: Option<&Disclosure>, entry: &Entry) -> Option<Disclosure> {
    let signed = || Signed {
        by: entry.by.clone(),
        at: entry.at,
    };
    let mut case = match (before, &entry.event) {
        (None, Event::Opened(opening)) => return Some(opened(opening, entry)),
        (None, _) | (Some(_), Event::Opened(_)) => return None,
        (Some(before), _) => before.clone(),
    };
    case.version = entry.version;
    match &entry.event {
        Event::Opened(_) => {}
        Event::DocumentAdded(document) => {
            case.documents.push(document.clone());
            case.added_by.push(entry.by.clone());
        }
        Event::HoldPlaced => {
            case.hold = HoldState::InForce {
                since: entry.at,
                release: None,
            };
        }
        Event::ReleaseProposed { .. } => {
            if let HoldState::InForce { release, .. } = &mut case.hold {
                *release = Some(signed());
            }
        }
        Event::HoldReleased => case.hold = HoldState::Released { at: entry.at },
        Event::Judged(judgement) => {
            case.judgement = Some(judgement.clone());
            case.judged = Some(signed());
            // Approvals are of one judgement.
            case.approvals.clear();
            case.video_approval = None;
        }
        Event::Approved => case.approvals.push(signed()),
        Event::VideoApproved => case.video_approval = Some(signed()),
        Event::Packaged(package) => {
            case.package = Some(package.clone());
            case.packaged = Some(signed());
        }
        Event::Delivered(delivery) => case.delivery = Some(delivery.clone()),
        Event::Closed(closing) => case.closing = Some(closing.clone()),
    }
    Some(case)
}

fn opened(opening: &Opening, entry: &Entry) -> Disclosure {
    let by = Signed {
        by: entry.by.clone(),
        at: entry.at,
    };
    let hold = match opening.hold {
        HoldWhen::AtOnce => HoldState::InForce {
            since: entry.at,
            release: None,
        },
        HoldWhen::Later => HoldState::None,
    };
    Disclosure {
        id: opening.id.clone(),
        version: 1,
        contract: opening.contract.clone(),
        opened: by,
        request: opening.request.clone(),
        scope: opening.scope.clone(),
        documents: Vec::new(),
        added_by: Vec::new(),
        hold,
        judgement: None,
        judged: None,
        approvals: Vec::new(),
        video_approval: None,
        package: None,
        packaged: None,
        delivery: None,
        closing: None,
    }
}
