//! データ消去: the plan of a purge and its journal, step by step (15-3, D-05).
//!
//! A step is asked for in one transaction with its line in the journal and with the versions of the contract and of the
//! holds on which that rests; then it is done. Whatever ends a run in between, the next one asks again, and every step
//! may be done twice.

mod certificate;
mod journal;
mod kept;
#[cfg(test)]
mod tests;

pub use certificate::{
    Certificate, Counted, FORMAT, Kept, SignedCertificate, Statement, Unreadable,
};
pub use journal::{Account, Act, Journal, Line, Next, Target, Targets};
pub use kept::{books_until, kept};

use crate::rules::rules;

rules! {
    /// One step of a purge, in the order in which they are taken.
    Step {
        Recordings => ("recordings", "録画ストリーム", "Streams of recordings"),
        Files => ("files", "保管ファイル（全バージョン）", "Files, every version"),
        Accounts => ("accounts", "サインイン用アカウント", "Sign-in accounts"),
        Devices => ("devices", "機器の証明書と登録", "Device certificates and things"),
        Register => ("register", "登録簿の照合用ハッシュへの置換え", "Register entries reduced to keyed hashes"),
        Records => ("records", "データベースの記録", "Records of the tables"),
        Search => ("search", "残存データの再検索", "Search for what is left"),
        Certificate => ("certificate", "証明書の発行", "Certificate"),
    }
}

rules! {
    /// Why a purge is refused.
    Refusal {
        ContractLives => ("contract_lives", "契約が続いているため、データを消去できません。", "The contract goes on, so its data are not deleted."),
        StillKept => ("data_still_kept", "データの保管期間が終わっていません。", "The days for which the data are kept are not over."),
        NothingToDo => ("purge_complete", "データの消去は完了しています。", "The data have been deleted."),
    }
}

impl Step {
    /// Returns the step after it; `None` after the last.
    pub fn next(self) -> Option<Step> {
        let place = Step::ALL.iter().position(|step| *step == self)?;
        Step::ALL.get(place + 1).copied()
    }

    /// Tells whether a hold of the registered data stands in its way (21-4). Its scope is what the tables hold of the
    /// customer and the accounts made of it. A thing and its certificates carry nothing that the tables do not, and would let
    /// a device of an ended contract go on; files are the customer's own copies of recordings and data, of which what is
    /// disclosed comes from streams and tables. So these two go while a hold stands, as nothing beyond its scope may stay.
    fn is_of_registered_data(self) -> bool {
        matches!(self, Step::Accounts | Step::Register | Step::Records)
    }
}
