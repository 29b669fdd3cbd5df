//! What operators do, as the audit trail calls it.

/// Action, and what it is called in both languages.
pub const ACTIONS: &[(&str, &str, &str)] = &[
    ("order_accepted", "注文の承諾", "Accepted an order"),
    (
        "renewal_refused",
        "更新拒絶の受付",
        "Received a refusal of renewal",
    ),
    (
        "contract_cancelled",
        "解約の受付",
        "Received a cancellation",
    ),
    (
        "particulars_registered",
        "登録事項の変更",
        "Changed the particulars",
    ),
    (
        "change_refused",
        "登録事項の変更の不採用",
        "Did not change the particulars",
    ),
    ("receipt_recorded", "入金の記録", "Recorded a payment"),
    (
        "credit_note_issued",
        "返還請求書の発行",
        "Issued a credit note",
    ),
    ("demand_recorded", "催告の記録", "Recorded a demand"),
    ("interest_billed", "遅延利息の請求", "Billed late interest"),
    ("interest_waived", "遅延利息の免除", "Waived late interest"),
    ("contract_suspended", "利用の停止", "Suspended the use"),
    (
        "suspension_lifted",
        "利用停止の解除",
        "Lifted the suspension",
    ),
    ("rescission_proposed", "解除の提案", "Proposed to rescind"),
    (
        "rescission_withdrawn",
        "解除の提案の撤回",
        "Withdrew the proposal to rescind",
    ),
    ("contract_rescinded", "契約の解除", "Rescinded the contract"),
    ("case_closed", "対応事項の完了", "Closed a case"),
    (
        "message_redriven",
        "滞留した処理の再実行",
        "Tried stuck work again",
    ),
];
