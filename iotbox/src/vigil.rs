//! Notices a camera that has stopped showing anything, whatever else it goes on sending; no IO and no clock.

use std::time::Duration;

use tokio::time::Instant;

use crate::source::rtsp::RtspError;

/// How long a camera is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// A camera without a picture for this long is opened again.
    pub picture: Duration,
    /// So is one whose first key picture takes longer than this; the service takes none that are 20 s apart.
    pub first_key: Duration,
    /// After a wrong password, because many cameras lock out an address that goes on trying.
    pub after_refusal: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            picture: Duration::from_secs(15),
            first_key: Duration::from_secs(25),
            after_refusal: Duration::from_secs(5 * 60),
        }
    }
}

impl Waits {
    /// How long to wait after this failure, where `usual` is the wait after any other.
    pub fn after(self, error: &RtspError, usual: Duration) -> Duration {
        match error {
            RtspError::WrongPassword => usual.max(self.after_refusal),
            _ => usual,
        }
    }
}

/// Watches one connection to a camera.
#[derive(Debug)]
pub struct Vigil {
    waits: Waits,
    opened: Instant,
    last_picture: Instant,
    first_key: FirstKey,
    /// Sound or a report since the last picture.
    heard: Heard,
}

#[derive(Debug, PartialEq, Eq)]
enum FirstKey {
    Awaited,
    Seen,
}

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    Something,
}

impl Vigil {
    pub fn begin(waits: Waits, now: Instant) -> Self {
        Self {
            waits,
            opened: now,
            last_picture: now,
            first_key: FirstKey::Awaited,
            heard: Heard::Nothing,
        }
    }

    pub fn picture(&mut self, now: Instant) {
        self.last_picture = now;
        self.heard = Heard::Nothing;
    }

    pub fn key_picture(&mut self, now: Instant) {
        self.first_key = FirstKey::Seen;
        self.picture(now);
    }

    /// Something else than a picture came.
    pub fn other(&mut self) {
        self.heard = Heard::Something;
    }

    /// When the camera is given up, unless a picture comes.
    pub fn deadline(&self) -> Instant {
        let picture = self.last_picture + self.waits.picture;
        match self.first_key {
            FirstKey::Seen => picture,
            FirstKey::Awaited => picture.min(self.opened + self.waits.first_key),
        }
    }

    /// Why the camera is given up at its deadline.
    pub fn verdict(&self) -> RtspError {
        let picture = self.last_picture + self.waits.picture;
        match self.heard {
            _ if self.deadline() < picture => RtspError::NoKeyPicture(self.waits.first_key),
            Heard::Something => RtspError::NoPictures(self.waits.picture),
            Heard::Nothing => RtspError::Silent(self.waits.picture),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a camera that sends this at these seconds: its deadline in seconds and the reason.
    fn check(sent: &[(u64, char)]) -> (u64, String) {
        let opened = Instant::now();
        let mut vigil = Vigil::begin(Waits::default(), opened);
        for &(second, what) in sent {
            let now = opened + Duration::from_secs(second);
            match what {
                'k' => vigil.key_picture(now),
                'p' => vigil.picture(now),
                _ => vigil.other(),
            }
        }
        let seconds = (vigil.deadline() - opened).as_secs();
        (seconds, vigil.verdict().to_string())
    }

    #[test]
    fn sound_and_reports_do_not_stand_in_for_pictures() {
        let (at_s, reason) = check(&[(0, 'k'), (4, 'p'), (9, 's'), (18, 's')]);
        assert_eq!(at_s, 19);
        assert_eq!(
            reason,
            "the camera sends sound or reports but has sent no picture for 15 s"
        );
        let (at_s, reason) = check(&[(0, 'k'), (3, 's'), (4, 'p')]);
        assert_eq!(at_s, 19);
        assert_eq!(reason, "the camera has sent nothing for 15 s");
        assert_eq!(check(&[]).0, 15);
    }

    #[test]
    fn a_camera_without_a_key_picture_is_given_up_after_25_s_and_one_with_some_is_not() {
        let (at_s, reason) = check(&[(1, 'p'), (12, 'p'), (24, 'p')]);
        assert_eq!(at_s, 25);
        assert!(
            reason.starts_with("no key picture came within 25 s"),
            "{reason}"
        );
        assert_eq!(check(&[(1, 'p'), (12, 'p'), (24, 'k'), (60, 'p')]).0, 75);
        assert_eq!(check(&[(5, 'p'), (9, 's')]).0, 20);
    }

    #[test]
    fn a_wrong_password_is_tried_again_after_five_minutes_and_other_faults_as_ever() {
        let after = |error| Waits::default().after(&error, Duration::from_secs(7));
        assert_eq!(after(RtspError::WrongPassword), Duration::from_secs(300));
        assert_eq!(after(RtspError::NeedsPassword), Duration::from_secs(7));
        assert_eq!(after(RtspError::Ended), Duration::from_secs(7));
    }
}
