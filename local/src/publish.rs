//! Publishes the operator's documents (settings, price lists, terms, screening lists) at the start.

use std::path::Path;

use anyhow::{Context, Result, bail};
use axum::body::Bytes;
use serde_json::{Value, json};

use crate::host::Outcome;
use crate::up::Local;

/// Publishes what is new in the operator's folder; a start that finds nothing new changes nothing.
pub async fn publish(local: &Local) -> Result<()> {
    let event = event(&local.options.operator)?;
    let outcome = local
        .host
        .invoke("operations", Bytes::from(event.to_string()))
        .await?;
    match outcome {
        Outcome::Answered(_) => Ok(()),
        Outcome::Failed(error) => {
            let error: Value = serde_json::from_slice(&error).unwrap_or_default();
            bail!(
                "{}",
                error["errorMessage"]
                    .as_str()
                    .unwrap_or("the function operations failed")
            )
        }
    }
}

/// Reads the folder as the event that the function `operations` takes.
pub fn event(folder: &Path) -> Result<Value> {
    let operator: Value = yaml(&folder.join("operator.yaml"))?;
    let prices = in_order(&folder.join("prices"), ".yaml")?
        .iter()
        .map(|path| yaml(path))
        .collect::<Result<Vec<Value>>>()?;
    let terms = in_order(&folder.join("terms"), ".ja.md")?
        .iter()
        .map(|path| terms(path))
        .collect::<Result<Vec<Value>>>()?;
    let lists = screening_lists(&folder.join("lists"))?;
    let registers: Value = yaml(&folder.join("registers.yaml"))?;
    Ok(json!({ "publish": {
        "operator": operator, "prices": prices, "terms": terms, "lists": lists,
        "processors": entries(&registers, "processors"),
        "third_party_terms": entries(&registers, "third_party_terms"),
    } }))
}

/// Returns one of the registers; what the file does not name is empty.
fn entries(registers: &Value, name: &str) -> Value {
    match &registers[name] {
        Value::Null => json!([]),
        entries => entries.clone(),
    }
}

/// Reads the screening lists; an operator without the folder compares with none.
fn screening_lists(folder: &Path) -> Result<Vec<Value>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let paths = in_order(folder, ".yaml")?;
    paths.iter().map(|path| yaml(path)).collect()
}

/// Reads one version of the terms: the Japanese text with its front matter, and the English one beside it.
fn terms(japanese: &Path) -> Result<Value> {
    let name = japanese.file_name().unwrap_or_default().to_string_lossy();
    let english = japanese.with_file_name(format!("{}.en.md", name.trim_end_matches(".ja.md")));
    let (matter, ja) = front_matter(japanese)?;
    let (_, en) = front_matter(&english)?;
    Ok(json!({
        "version": matter["version"],
        "published_on": matter["published_on"],
        "effective_from": matter["effective_from"],
        "ja": ja,
        "en": en,
    }))
}

fn front_matter(path: &Path) -> Result<(Value, String)> {
    let text = read(path)?;
    let parts = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"));
    let (matter, body) = parts
        .with_context(|| format!("{} does not begin with its front matter", path.display()))?;
    let matter = serde_yaml_ng::from_str(matter)
        .with_context(|| format!("the front matter of {} is not understood", path.display()))?;
    Ok((matter, body.trim_start().to_owned()))
}

fn yaml(path: &Path) -> Result<Value> {
    serde_yaml_ng::from_str(&read(path)?)
        .with_context(|| format!("{} is not understood", path.display()))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Returns the files of a folder with an ending, by name, which is by version.
fn in_order(folder: &Path, ending: &str) -> Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_operators_folder_of_the_repository_is_read_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../operator");
        let event = event(&folder).unwrap();
        assert_eq!(event["publish"]["operator"]["service_name"], "Ciero");
        let plans = event["publish"]["prices"][0]["plans"].as_array().unwrap();
        let retentions: Vec<u64> = plans
            .iter()
            .map(|plan| plan["retention_days"].as_u64().unwrap())
            .collect();
        assert_eq!(retentions, [7, 14, 30, 60, 90, 180, 365]);
        let terms = &event["publish"]["terms"][0];
        assert_eq!(terms["version"], "2026-04-01");
        assert!(terms["ja"].as_str().unwrap().contains("第11条"));
        assert!(terms["en"].as_str().unwrap().contains("Article 11"));
        let lists = event["publish"]["lists"].as_array().unwrap();
        let codes: Vec<&str> = lists.iter().map(|l| l["list"].as_str().unwrap()).collect();
        assert_eq!(codes, ["demo-antisocial", "demo-sanctions"]);
        let registers = ["processors", "third_party_terms"];
        let entries = registers.map(|name| event["publish"][name].as_array().unwrap().len());
        assert_eq!(entries, [3, 1]);
    }

    #[test]
    fn an_operator_without_screening_lists_publishes_none() {
        let folder = tempfile::tempdir().unwrap();
        let lists = screening_lists(&folder.path().join("lists")).unwrap();
        assert_eq!(lists, Vec::<Value>::new());
    }

    #[test]
    fn a_file_without_front_matter_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.ja.md");
        std::fs::write(&path, "# no matter").unwrap();
        assert!(
            front_matter(&path)
                .unwrap_err()
                .to_string()
                .contains("x.ja.md")
        );
    }
}
