//! How much room the disk has: spools leave a reserve of it alone, and a bound that the disk cannot keep is told at the start.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::SpoolPlan;

/// What is left free for others, so that a full spool stops neither the system's log nor an update.
const LARGEST_RESERVE: u64 = 256 << 20;
/// Where the disk is small, the reserve is this part of it.
const RESERVE_PART: u64 = 20;
/// What goes over a line that works is this much at most, and has its place whatever others write.
const KEPT_ANYWAY: u64 = 32 << 20;

/// One file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub free: u64,
    pub size: u64,
}

impl Disk {
    /// The file system that a folder is on; `None` where the system does not tell.
    pub fn of(folder: &Path) -> Option<Self> {
        let told = statvfs(folder).ok()?;
        let block = told.fragment_size();
        Some(Self {
            free: told.blocks_available().saturating_mul(block),
            size: told.blocks().saturating_mul(block),
        })
    }

    fn reserve(self) -> u64 {
        (self.size / RESERVE_PART).min(LARGEST_RESERVE)
    }
}

/// Keeps a spool from growing while less than the reserve is free.
#[derive(Debug)]
pub struct Reserve {
    pub probe: fn(&Path) -> Option<Disk>,
    /// What the spool held when the disk had no more than the reserve.
    ceiling: Option<u64>,
}

impl Default for Reserve {
    fn default() -> Self {
        Self {
            probe: Disk::of,
            ceiling: None,
        }
    }
}

impl Reserve {
    /// How many bytes a spool that holds `held` may hold. It never shrinks for others: they would only take what it gives.
    pub fn bound(&mut self, folder: &Path, held: u64) -> u64 {
        let is_short = (self.probe)(folder).is_some_and(|disk| disk.free < disk.reserve());
        match is_short {
            true => *self.ceiling.get_or_insert(held.max(KEPT_ANYWAY)),
            false => {
                self.ceiling = None;
                u64::MAX
            }
        }
    }
}

/// A spool as the start sees it.
#[derive(Debug, Clone)]
pub struct Claim {
    pub folder: PathBuf,
    pub limit_bytes: u64,
    /// What waits in it already.
    pub held_bytes: u64,
}

impl Claim {
    /// What a camera may want, beside what an earlier run has left.
    pub fn of(plan: &SpoolPlan) -> Self {
        let files = std::fs::read_dir(&plan.folder).into_iter().flatten();
        let lengths = files.filter_map(|file| file.ok()?.metadata().ok().map(|told| told.len()));
        Self {
            folder: plan.folder.clone(),
            limit_bytes: plan.limit_bytes,
            held_bytes: lengths.sum(),
        }
    }
}

/// Says of each disk whose spools may want more than it has what they want and what is there.
pub fn shortages(claims: &[Claim]) -> Vec<String> {
    let mut disks: Vec<(u64, Disk, Vec<&Claim>)> = Vec::new();
    for claim in claims {
        let Some(existing) = claim.folder.ancestors().find(|path| path.exists()) else {
            continue;
        };
        let (Some(disk), Ok(told)) = (Disk::of(existing), existing.metadata()) else {
            continue;
        };
        match disks.iter_mut().find(|(device, ..)| *device == told.dev()) {
            Some((_, _, claims)) => claims.push(claim),
            None => disks.push((told.dev(), disk, vec![claim])),
        }
    }
    let told = disks
        .iter()
        .filter_map(|(_, disk, claims)| shortage(*disk, claims));
    told.collect()
}

fn shortage(disk: Disk, claims: &[&Claim]) -> Option<String> {
    let wanted = claims
        .iter()
        .map(|claim| claim.limit_bytes.saturating_sub(claim.held_bytes));
    let wanted = wanted.fold(0, u64::saturating_add);
    let there = disk.free.saturating_sub(disk.reserve());
    let first = claims.first().filter(|_| wanted > there)?;
    Some(format!(
        "{} camera(s) may keep {} MB more on the disk of {}, but it has room for {} MB beside a reserve of {} MB: \
         lower spool_mb, or the oldest pictures go sooner than it says",
        claims.len(),
        wanted / 1_000_000,
        first.folder.display(),
        there / 1_000_000,
        disk.reserve() / 1_000_000
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn claim(limit_bytes: u64) -> Claim {
        Claim {
            folder: "/var/lib/iotbox/door/spool".into(),
            limit_bytes,
            held_bytes: GB,
        }
    }

    #[test]
    fn spools_that_want_more_than_the_disk_has_are_told_with_figures() {
        let card = Disk {
            free: 14 * GB,
            size: 16 * GB,
        };
        let (large, small) = (claim(2 * GB), claim(GB));
        let told = shortage(card, &[&large; 15]).unwrap();
        assert!(
            told.starts_with(
                "15 camera(s) may keep 15000 MB more on the disk of /var/lib/iotbox/door/spool, but it has room for 13731 MB"
            ),
            "{told}"
        );
        assert_eq!(shortage(card, &[&large; 13]), None);
        assert_eq!(shortage(card, &[&small; 99]), None);
    }

    #[test]
    fn a_spool_of_ten_terabytes_is_told_on_this_machine_too() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, limit_bytes| Claim {
            folder: folder.path().join(name),
            limit_bytes,
            held_bytes: 0,
        };
        assert_eq!(shortages(&[at("a", 1), at("b", 1)]), [""; 0]);
        let told = shortages(&[at("a", 1), at("b", u64::MAX)]);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("2 camera(s)"), "{told:?}");
    }

    #[test]
    fn a_spool_does_not_grow_while_others_need_the_rest_of_the_disk() {
        let mut reserve = Reserve {
            probe: |_| Some(Disk { free: GB, size: GB }),
            ceiling: None,
        };
        let mut bound = |free: fn(&Path) -> Option<Disk>, held| {
            reserve.probe = free;
            reserve.bound(Path::new("/"), held)
        };
        assert_eq!(bound(|_| Some(Disk { free: GB, size: GB }), GB), u64::MAX);
        let short = |_: &Path| Some(Disk { free: 1, size: GB });
        assert_eq!(bound(short, GB), GB);
        assert_eq!(bound(short, GB / 2), GB, "it may grow to where it was");
        assert_eq!(bound(|_| None, GB), u64::MAX);
        assert_eq!(bound(short, 0), KEPT_ANYWAY);
    }
}
