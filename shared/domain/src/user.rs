//! 担当者 and 登録ユーザ: one person each, with rights camera by camera (1-1, 2-6, 2-7, 5-1).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{CameraId, ContractId, UserId};
use crate::language::Language;
use crate::rules::rules;

rules! {
    /// Why a command on a user is refused.
    Refusal {
        LastAdministrator => ("last_administrator", "最後の担当者は削除できません。", "The last administrator cannot be removed."),
        AlreadyRemoved => ("user_removed", "このユーザはすでに削除されています。", "This user has been removed."),
        EmailTaken => ("email_taken", "このメールアドレスはすでに登録されています。", "This e-mail address is already registered."),
        NotAdministrator => ("not_administrator", "この操作は担当者だけができます。", "Only an administrator may do this."),
        NotRemoved => ("user_active", "先にユーザを削除してください。利用中の方の個人情報は、訂正はできますが消去はできません。", "Remove the user first. Personal data of someone who uses the service can be corrected, but not erased."),
        AlreadyErased => ("user_erased", "この方の個人情報はすでに消去されています。", "The personal data of this person have been erased."),
        AttestationMissing => ("attestation_missing", "登録ユーザに規約を周知し同意を得たことの確認が必要です。", "You must attest that the user was told the terms and agreed."),
        SameAddress => ("same_address", "いまのメールアドレスと同じです。", "This is the e-mail address that you have."),
        NoAddressChange => ("no_address_change", "メールアドレスの変更は受け付けていません。もう一度新しいアドレスをご入力ください。", "No change of the e-mail address is waiting. Please enter the new address once more."),
        WrongCode => ("wrong_code", "確認コードが違います。メールに書かれたとおりにご入力ください。", "This is not the code. Please enter it as the mail has it."),
        CodeTooOld => ("code_too_old", "確認コードの期限が過ぎました。もう一度新しいアドレスをご入力ください。", "The code is too old. Please enter the new address once more."),
        TermsNotInForce => ("terms_not_in_force", "表示された規約は現在の版ではありません。もう一度お読みください。", "The terms shown are not the version in force. Please read them again."),
    }
}

rules! {
    /// What a user may do with a camera.
    Right {
        View => ("view", "ライブ視聴", "Watch live"),
        PlayBack => ("play_back", "録画再生", "Play recordings"),
        Export => ("export", "書き出し", "Export"),
        Share => ("share", "共有", "Share"),
    }
}

/// 担当者 manages users and devices and may do everything with every camera of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Administrator,
    User,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    Active,
    Removed,
}

/// One acceptance of a version of the terms (1-1, D-38).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    pub terms_version: String,
    pub at: Timestamp,
    /// Where it was given, for example "portal".
    pub channel: String,
}

/// How long the code that proves a new address may be used.
pub const ADDRESS_CODE_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// A new sign-in address that its mailbox has not proven yet (21-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressChange {
    pub email: String,
    /// What only a reader of that mailbox knows.
    pub code: String,
    pub asked_at: Timestamp,
}

/// The rights on one camera, each with its start; history before it is invisible.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(BTreeMap<String, Timestamp>);

impl Rights {
    /// Returns since when the right is held.
    pub fn since(&self, right: Right) -> Option<Timestamp> {
        self.0.get(right.code()).copied()
    }

    /// Returns rights that hold exactly these, keeping the start of those already held.
    pub fn replaced(&self, wanted: &[Right], now: Timestamp) -> Rights {
        Rights(
            wanted
                .iter()
                .map(|right| (right.code().to_owned(), self.since(*right).unwrap_or(now)))
                .collect(),
        )
    }

    /// Tells whether no right is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub version: u64,
    pub contract: ContractId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub state: UserState,
    pub language: Language,
    pub added_at: Timestamp,
    /// Who attested that the person was told the terms and agreed (1-1); the first administrator
    /// comes from the application itself.
    pub attested_by: Option<UserId>,
    pub acceptances: Vec<Acceptance>,
    pub rights: BTreeMap<CameraId, Rights>,
    /// Sessions issued before this moment are void.
    pub sessions_after: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_change: Option<AddressChange>,
}

/// A person to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub language: Language,
}

impl User {
    /// Adds a person to a contract; an administrator other than the first needs an attestation too.
    pub fn add(
        contract: ContractId,
        person: NewUser,
        attested_by: Option<UserId>,
        now: Timestamp,
    ) -> User {
        User {
            id: person.id,
            version: 1,
            contract,
            name: person.name,
            email: person.email,
            role: person.role,
            state: UserState::Active,
            language: person.language,
            added_at: now,
            attested_by,
            acceptances: Vec::new(),
            rights: BTreeMap::new(),
            // An identifier is used once, so nothing was issued before.
            sessions_after: Timestamp::UNIX_EPOCH,
            address_change: None,
        }
    }

    /// Tells whether any version was accepted: later versions are notified and lock nobody out (1-1).
    pub fn accepted_terms(&self) -> bool {
        !self.acceptances.is_empty()
    }

    /// Tells whether this person manages the contract's users and devices.
    pub fn is_administrator(&self) -> bool {
        self.role == Role::Administrator && self.state == UserState::Active
    }

    /// Returns since when a right on a camera is held; an administrator holds every right from the
    /// moment the camera exists.
    pub fn right_since(
        &self,
        camera: &CameraId,
        camera_since: Timestamp,
        right: Right,
    ) -> Option<Timestamp> {
        match self.role {
            Role::Administrator => Some(camera_since),
            Role::User => self
                .rights
                .get(camera)
                .and_then(|rights| rights.since(right))
                .map(|since| since.max(camera_since)),
        }
    }

    /// Accepts the terms version in force (1-1).
    pub fn accept(
        mut self,
        shown: &str,
        in_force: &str,
        channel: &str,
        now: Timestamp,
    ) -> Result<User, Refusal> {
        if shown != in_force {
            return Err(Refusal::TermsNotInForce);
        }
        self.version += 1;
        if !self.acceptances.iter().any(|a| a.terms_version == shown) {
            self.acceptances.push(Acceptance {
                terms_version: shown.to_owned(),
                at: now,
                channel: channel.to_owned(),
            });
        }
        Ok(self)
    }

    /// Sets the rights on one camera.
    pub fn with_rights(
        mut self,
        camera: CameraId,
        wanted: &[Right],
        now: Timestamp,
    ) -> Result<User, Refusal> {
        if self.state == UserState::Removed {
            return Err(Refusal::AlreadyRemoved);
        }
        self.version += 1;
        let rights = self
            .rights
            .get(&camera)
            .cloned()
            .unwrap_or_default()
            .replaced(wanted, now);
        if rights.is_empty() {
            self.rights.remove(&camera)
        } else {
            self.rights.insert(camera, rights)
        };
        Ok(self)
    }

    /// Removes a person; `administrators` is how many active ones the contract has (2-6).
    pub fn remove(mut self, administrators: usize, now: Timestamp) -> Result<User, Refusal> {
        if self.state == UserState::Removed {
            return Err(Refusal::AlreadyRemoved);
        }
        if self.role == Role::Administrator && administrators <= 1 {
            return Err(Refusal::LastAdministrator);
        }
        self.version += 1;
        self.state = UserState::Removed;
        self.address_change = None;
        self.sessions_after = now;
        Ok(self)
    }

    /// Corrects the person's own facts (21-5). Another person is another user (5-1).
    pub fn correct(mut self, name: String, language: Language) -> Result<User, Refusal> {
        if self.state == UserState::Removed {
            return Err(Refusal::AlreadyRemoved);
        }
        self.version += 1;
        self.name = name;
        self.language = language;
        Ok(self)
    }

    /// Asks for another sign-in address (21-5). It holds once `code`, which is mailed there, comes back.
    pub fn ask_address(
        mut self,
        email: String,
        code: String,
        now: Timestamp,
    ) -> Result<User, Refusal> {
        if self.state == UserState::Removed {
            return Err(Refusal::AlreadyRemoved);
        }
        if email == self.email {
            return Err(Refusal::SameAddress);
        }
        self.version += 1;
        self.address_change = Some(AddressChange {
            email,
            code,
            asked_at: now,
        });
        Ok(self)
    }

    /// Takes over the address that was asked for, if the code is the one that was mailed there.
    pub fn prove_address(mut self, code: &str, now: Timestamp) -> Result<User, Refusal> {
        let change = self.address_change.take();
        let change = change.ok_or(Refusal::NoAddressChange)?;
        if code != change.code {
            return Err(Refusal::WrongCode);
        }
        if now.duration_since(change.asked_at) >= ADDRESS_CODE_LIFE {
            return Err(Refusal::CodeTooOld);
        }
        self.version += 1;
        self.email = change.email;
        Ok(self)
    }

    /// Erases who a removed person was (21-5): what remains are records of acts and consent, under the identifier.
    pub fn erase(mut self) -> Result<User, Refusal> {
        if self.state != UserState::Removed {
            return Err(Refusal::NotRemoved);
        }
        if self.is_erased() {
            return Err(Refusal::AlreadyErased);
        }
        self.version += 1;
        self.name = self.id.to_string();
        self.email = String::new();
        Ok(self)
    }

    /// Tells whether the record names nobody any more.
    pub fn is_erased(&self) -> bool {
        self.email.is_empty()
    }

    /// Voids every session issued so far (5-2).
    pub fn revoke_sessions(mut self, now: Timestamp) -> User {
        self.version += 1;
        self.sessions_after = now;
        self
    }
}

#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;

    pub(crate) fn user(role: Role) -> User {
        let person = NewUser {
            id: UserId::from_random([4; 10]),
            name: "見本 花子".into(),
            email: "hanako@example.jp".into(),
            role,
            language: Language::Ja,
        };
        User::add(
            ContractId::from_random([3; 10]),
            person,
            None,
            Timestamp::UNIX_EPOCH,
        )
    }
}

#[cfg(test)]
mod art_01 {
    #![allow(clippy::unwrap_used)]
    use super::tests_support::user;
    use super::*;

    #[test]
    fn only_the_version_in_force_can_be_accepted() {
        let refused =
            user(Role::User).accept("2020-04-01", "2026-04-01", "portal", Timestamp::UNIX_EPOCH);
        assert_eq!(refused.unwrap_err(), Refusal::TermsNotInForce);
        let accepted = user(Role::User)
            .accept("2026-04-01", "2026-04-01", "portal", Timestamp::UNIX_EPOCH)
            .unwrap();
        assert!(accepted.accepted_terms());
    }

    #[test]
    fn accepting_twice_keeps_one_acceptance() {
        let accept = |user: User| {
            user.accept("2026-04-01", "2026-04-01", "portal", Timestamp::UNIX_EPOCH)
                .unwrap()
        };
        assert_eq!(accept(accept(user(Role::User))).acceptances.len(), 1);
    }
}

#[cfg(test)]
mod art_02 {
    #![allow(clippy::unwrap_used)]
    use super::tests_support::user;
    use super::*;

    #[test]
    fn the_last_administrator_cannot_be_removed() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(
            user(Role::Administrator).remove(1, now).unwrap_err(),
            Refusal::LastAdministrator
        );
        assert!(user(Role::Administrator).remove(2, now).is_ok());
        assert!(user(Role::User).remove(1, now).is_ok());
    }
}

#[cfg(test)]
mod art_05 {
    #![allow(clippy::unwrap_used)]
    use super::tests_support::user;
    use super::*;

    #[test]
    fn removal_voids_every_session() {
        let now: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
        assert_eq!(user(Role::User).remove(1, now).unwrap().sessions_after, now);
    }

    #[test]
    fn a_right_given_again_keeps_its_first_start() {
        let camera = CameraId::from_random([5; 10]);
        let (first, later) = (
            Timestamp::UNIX_EPOCH,
            "2026-05-01T00:00:00Z".parse().unwrap(),
        );
        let user = user(Role::User)
            .with_rights(camera.clone(), &[Right::View], first)
            .unwrap();
        let user = user
            .with_rights(camera.clone(), &[Right::View, Right::PlayBack], later)
            .unwrap();
        assert_eq!(user.rights[&camera].since(Right::View), Some(first));
        assert_eq!(user.rights[&camera].since(Right::PlayBack), Some(later));
        let user = user.with_rights(camera.clone(), &[], later).unwrap();
        assert!(user.rights.is_empty());
    }
}

#[cfg(test)]
mod art_21 {
    #![allow(clippy::unwrap_used)]
    use super::tests_support::user;
    use super::*;

    #[test]
    fn who_uses_the_service_is_corrected_and_who_was_removed_is_erased_once() {
        let now = Timestamp::UNIX_EPOCH;
        let person = user(Role::User);
        assert_eq!(person.clone().erase().unwrap_err(), Refusal::NotRemoved);
        let person = person.correct("見本 華子".into(), Language::En).unwrap();
        assert_eq!((person.name.as_str(), person.version), ("見本 華子", 2));
        let removed = person.remove(1, now).unwrap();
        let late = removed.clone().correct("別人".into(), Language::Ja);
        assert_eq!(late.unwrap_err(), Refusal::AlreadyRemoved);
        let erased = removed.erase().unwrap();
        let kept = serde_json::to_string(&erased).unwrap();
        assert!(!kept.contains("見本") && !kept.contains('@'), "{kept}");
        assert_eq!(erased.erase().unwrap_err(), Refusal::AlreadyErased);
    }

    const ASKED: Timestamp = Timestamp::UNIX_EPOCH;

    fn asked() -> User {
        let (email, code) = ("new@example.jp".to_owned(), "k7qm".to_owned());
        user(Role::User).ask_address(email, code, ASKED).unwrap()
    }

    #[test]
    fn a_new_address_holds_once_its_code_comes_back() {
        assert_eq!(asked().email, "hanako@example.jp");
        let moved = asked().prove_address("k7qm", ASKED).unwrap();
        assert_eq!(moved.email, "new@example.jp");
        let again = moved.prove_address("k7qm", ASKED);
        assert_eq!(again.unwrap_err(), Refusal::NoAddressChange);
    }

    #[test]
    fn a_wrong_code_and_one_of_yesterday_change_nothing() {
        let wrong = asked().prove_address("k7qn", ASKED);
        assert_eq!(wrong.unwrap_err(), Refusal::WrongCode);
        let late = ASKED + ADDRESS_CODE_LIFE;
        let stale = asked().prove_address("k7qm", late);
        assert_eq!(stale.unwrap_err(), Refusal::CodeTooOld);
        let last = late - SignedDuration::from_nanos(1);
        assert!(asked().prove_address("k7qm", last).is_ok());
    }

    #[test]
    fn the_same_address_and_a_removed_person_are_refused() {
        let own = user(Role::User).ask_address("hanako@example.jp".into(), "k".into(), ASKED);
        assert_eq!(own.unwrap_err(), Refusal::SameAddress);
        let removed = asked().remove(1, ASKED).unwrap();
        assert_eq!(removed.address_change, None);
        let gone = removed.ask_address("new@example.jp".into(), "k".into(), ASKED);
        assert_eq!(gone.unwrap_err(), Refusal::AlreadyRemoved);
    }
}
