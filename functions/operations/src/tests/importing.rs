//! Import of payments: good rows are recorded whatever the others are (6-1).

use super::*;

const HEADER: &str = "contract,reference,received_on,yen";

async fn import(known: Known, csv: &str) -> Came {
    let session = operator("tanaka", &["billing"]);
    post(known, &session, "/console/receipts", json!({ "csv": csv })).await
}

fn results(came: &Came) -> Vec<(u64, &str, &str)> {
    let rows = came.body["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            (
                row["line"].as_u64().unwrap(),
                row["result"].as_str().unwrap(),
                row["code"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}

#[tokio::test]
async fn each_row_is_recorded_a_duplicate_or_refused_with_its_reason() {
    let contract = running();
    let id = &contract.id;
    let csv = format!(
        "\u{feff}{HEADER}\r\n{id},a,2026-05-29,1000\r\n\r\n{id},known,2026-05-29,1000\r\n{id},b,2026-02-30,1000\r\n\
         {id},c,2026-05-29,-5\r\nc-zzzzzzzzzzzzzzzz,d,2026-05-29,5\r\n{id},e\r\n{id},a,2026-05-29,1000\r\n\
         {id},f,2026-05-30,\"2,000\"\r\nnobody,g,2026-05-30,1\r\n"
    );
    let known = Known {
        references: vec!["known".into()],
        ..with(&contract)
    };
    let came = import(known, &csv).await;
    assert_eq!(came.status, 200, "{}", came.body);
    assert_eq!(
        results(&came),
        [
            (2, "recorded", ""),
            (4, "duplicate", "receipt_recorded"),
            (5, "refused", "date"),
            (6, "refused", "amount_not_positive"),
            (7, "refused", "no_such_contract"),
            (8, "refused", "import_columns"),
            (9, "duplicate", "receipt_recorded"),
            (10, "recorded", ""),
            (11, "refused", "no_such_contract"),
        ]
    );
    let recorded: Vec<&str> = came.committed.iter().flat_map(payments).collect();
    assert_eq!(recorded, ["a", "f"]);
}

#[tokio::test]
async fn the_sample_is_answered_row_by_row() {
    let body = sample(include_str!("../../../../events/operations/import.json"));
    let came = import(with(&running()), body["csv"].as_str().unwrap()).await;
    assert_eq!(results(&came), [(2, "refused", "no_such_contract")]);
}

#[tokio::test]
async fn a_file_without_its_header_or_with_too_many_rows_is_refused_whole() {
    let contract = running();
    let row = format!("{},a,2026-05-29,1000", contract.id);
    for text in ["", "a,b,c,d", row.as_str()] {
        import(with(&contract), text)
            .await
            .is_refused(422, "import_header");
    }
    let long = format!("{HEADER}\n{}", format!("{row}\n").repeat(301));
    import(with(&contract), &long)
        .await
        .is_refused(422, "import_too_long");
}

#[tokio::test]
async fn to_other_groups_the_import_does_not_exist() {
    let session = operator("suzuki", &["contracts", "support"]);
    let body = json!({ "csv": HEADER });
    let came = post(with(&running()), &session, "/console/receipts", body).await;
    came.is_refused(404, "not_found");
}
