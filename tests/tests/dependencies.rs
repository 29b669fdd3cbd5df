//! Licences, bans and the direction of dependencies, read from `cargo metadata`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What is linked on the platform that the build was for: its packages are all there, those of other platforms may not be.
fn metadata() -> Value {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", &platform])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Tells whether a licence expression offers a choice that we may link.
fn acceptable(expression: &str) -> bool {
    const FREE: [&str; 16] = [
        "MIT",
        "MIT-0",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "Zlib",
        "0BSD",
        "CC0-1.0",
        "Unlicense",
        "Unicode-3.0",
        "BSL-1.0",
        "CDLA-Permissive-2.0",
        "NCSA",
        "BlueOak-1.0.0",
    ];
    let choices = expression.replace('/', " OR ");
    let any = |part: &str| {
        part.split(" OR ")
            .any(|one| FREE.contains(&one.trim().trim_matches(['(', ')'])))
    };
    choices.split(" AND ").all(|part| any(part.trim()))
}

#[test]
fn no_copyleft_licence_is_linked() {
    let metadata = metadata();
    let refused: Vec<String> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| !acceptable(text(package, "license")))
        .map(|package| {
            format!(
                "{} {}: {}",
                text(package, "name"),
                text(package, "version"),
                text(package, "license")
            )
        })
        .collect();
    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn a_copyleft_licence_would_be_noticed() {
    for expression in [
        "GPL-3.0-only",
        "AGPL-3.0",
        "MIT AND GPL-2.0",
        "LGPL-3.0-or-later",
        "",
    ] {
        assert!(!acceptable(expression), "{expression}");
    }
    for expression in [
        "MIT OR GPL-3.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT/Apache-2.0",
    ] {
        assert!(acceptable(expression), "{expression}");
    }
}

#[test]
fn old_tls_and_a_second_crypto_provider_are_banned() {
    let metadata = metadata();
    let resolved: BTreeSet<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| text(node, "id"))
        .collect();
    let banned: Vec<String> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| resolved.contains(text(package, "id")))
        .filter(|package| {
            let (name, version) = (text(package, "name"), text(package, "version"));
            let old_rustls = name == "rustls" && !version.starts_with("0.23.");
            let old_hyper = name == "hyper" && version.starts_with("0.");
            old_rustls || old_hyper || ["openssl-sys", "native-tls", "aws-lc-sys"].contains(&name)
        })
        .map(|package| format!("{} {}", text(package, "name"), text(package, "version")))
        .collect();
    assert_eq!(banned, Vec::<String>::new());
}

/// Which workspace crates each crate depends on, outside of tests.
fn inner_dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages: Vec<&Value> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["source"].is_null())
        .collect();
    let names: BTreeSet<&str> = packages.iter().map(|p| text(p, "name")).collect();
    let inner = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().clone();
        let linked = dependencies.into_iter().filter(|d| d["kind"].is_null());
        linked
            .map(|d| text(&d, "name").to_owned())
            .filter(|name| names.contains(name.as_str()))
            .collect()
    };
    packages
        .iter()
        .map(|package| (text(package, "name").to_owned(), inner(package)))
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    const FUNCTIONS: [&str; 15] = [
        "portal",
        "signup-screening",
        "contract-desk",
        "device-provisioning",
        "playback-url",
        "operations",
        "notification",
        "due-sweep",
        "billing-schedule",
        "renewal-reminder",
        "effect-audit",
        "camera-watch",
        "clip-export",
        "hold-copy",
        "contract-purge",
    ];
    let metadata = metadata();
    let inner = inner_dependencies(&metadata);
    let allowed = |name: &str| -> Vec<&str> {
        match name {
            "ciero-domain" | "ciero-media" => vec![],
            "ciero-ports" | "ciero-pages" => vec!["ciero-domain"],
            "ciero-store" | "ciero-cloud" => vec!["ciero-domain", "ciero-ports"],
            "ciero-runtime" => vec!["ciero-domain", "ciero-ports", "ciero-pages"],
            "ciero-apis" => vec![],
            "ciero-video" | "iotbox" => vec!["ciero-media"],
            "ciero-local" => [
                &FUNCTIONS[..],
                &["ciero-apis", "ciero-video", "ciero-domain"],
                // For `ciero explain`.
                &["ciero-ports", "ciero-runtime", "ciero-store"],
            ]
            .concat(),
            "ciero-tests" => vec![],
            // Whoever keeps pictures reads what their formats say.
            "clip-export" | "hold-copy" => vec![
                "ciero-domain",
                "ciero-media",
                "ciero-ports",
                "ciero-store",
                "ciero-cloud",
                "ciero-runtime",
            ],
            function if FUNCTIONS.contains(&function) => {
                vec![
                    "ciero-domain",
                    "ciero-ports",
                    "ciero-store",
                    "ciero-cloud",
                    "ciero-runtime",
                    "ciero-pages",
                ]
            }
            unknown => panic!("{unknown} is not in the picture of ARCHITECTURE.md"),
        }
    };
    for (name, dependencies) in &inner {
        let wrong: Vec<&String> = dependencies
            .iter()
            .filter(|d| !allowed(name).contains(&d.as_str()))
            .collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}

#[test]
fn mocks_are_never_part_of_a_function() {
    let metadata = metadata();
    for package in metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["source"].is_null())
    {
        for dependency in package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|d| d["kind"].is_null())
        {
            let mocked = dependency["features"]
                .as_array()
                .unwrap()
                .iter()
                .any(|feature| feature == "mocks");
            assert!(!mocked, "{} links mocks", text(package, "name"));
        }
    }
}
