//! What template.yaml must keep true: data stays in Japan, and every function is known to the build.
#![allow(clippy::unwrap_used)]

const TEMPLATE: &str = include_str!("../../template.yaml");

#[test]
fn no_other_region_is_named() {
    const REGIONS: [&str; 6] = [
        "us-",
        "eu-",
        "ap-southeast-",
        "ap-south-",
        "ap-east-",
        "ca-central-",
    ];
    for region in REGIONS {
        let named = TEMPLATE.lines().find(|line| {
            line.split(['"', ' ', '/', ':']).any(|word| {
                word.starts_with(region) && word.ends_with(|c: char| c.is_ascii_digit())
            })
        });
        assert_eq!(named, None, "P-2: all data stays in Japan");
    }
    assert!(
        !TEMPLATE.contains("GlobalTable"),
        "P-2: no replica outside Japan"
    );
}

#[test]
fn every_function_states_its_own_timeout_to_itself() {
    // The time of an event is the invocation's deadline minus this; the two must be the same number.
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let globals = &template["Globals"]["Function"];
    let timeout = globals["Timeout"].as_u64().unwrap();
    let stated: u64 = globals["Environment"]["Variables"]["FUNCTION_TIMEOUT_SECONDS"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(timeout, stated);
    let resources = template["Resources"].as_mapping().unwrap();
    for (name, resource) in resources
        .iter()
        .filter(|(_, r)| r["Type"].as_str() == Some("AWS::Serverless::Function"))
    {
        let properties = &resource["Properties"];
        let own = properties["Environment"]["Variables"]["FUNCTION_TIMEOUT_SECONDS"].as_str();
        let own = own.map(|seconds| seconds.parse::<u64>().unwrap());
        assert_eq!(
            properties["Timeout"].as_u64(),
            own,
            "{name:?} has a timeout of its own: state it in its environment too"
        );
    }
}

#[test]
fn every_queue_is_drained_at_a_set_concurrency() {
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let resources = template["Resources"].as_mapping().unwrap();
    let events = resources
        .values()
        .filter_map(|r| r["Properties"]["Events"].as_mapping());
    let queues: Vec<_> = events
        .flat_map(|events| events.values())
        .filter(|event| event["Type"].as_str() == Some("SQS"))
        .collect();
    assert!(queues.len() > 10);
    for queue in queues {
        let bound = &queue["Properties"]["ScalingConfig"]["MaximumConcurrency"];
        let bound = bound.as_u64();
        // AWS takes no smaller bound than 2.
        assert!(bound.is_some_and(|n| (2..=10).contains(&n)), "{queue:?}");
    }
}

#[test]
fn art_21_the_bucket_of_disclosures_has_object_lock_and_no_function_may_lift_a_legal_hold() {
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let bucket = &template["Resources"]["DisclosureBucket"];
    assert_eq!(bucket["Type"].as_str(), Some("AWS::S3::Bucket"));
    let properties = &bucket["Properties"];
    assert_eq!(properties["ObjectLockEnabled"].as_bool(), Some(true));
    let versioning = &properties["VersioningConfiguration"]["Status"];
    assert_eq!(versioning.as_str(), Some("Enabled"));
    // The right to place a legal hold also lifts one, unless the status is part of the statement.
    let resources = template["Resources"].as_mapping().unwrap();
    let functions = resources
        .values()
        .filter_map(|r| r["Properties"]["Policies"].as_sequence());
    let statements = functions
        .flatten()
        .filter_map(|policy| policy["Statement"].as_sequence());
    let mut placing = 0;
    for statement in statements.flatten() {
        let actions = match statement["Action"].as_str() {
            Some(one) => vec![one],
            None => {
                let all = statement["Action"].as_sequence().unwrap().iter();
                all.map(|action| action.as_str().unwrap()).collect()
            }
        };
        let is_wide = |action: &&str| action.contains('*') || action.contains("Bypass");
        assert!(!actions.iter().any(is_wide), "{actions:?}");
        let resource = serde_yaml_ng::to_string(&statement["Resource"]).unwrap();
        let of_bucket = resource.contains("DisclosureBucket");
        assert!(
            !(of_bucket && actions.iter().any(|a| a.contains("Delete"))),
            "{actions:?}"
        );
        if actions.contains(&"s3:PutObjectLegalHold")
            || of_bucket && actions.contains(&"s3:PutObject")
        {
            let status = &statement["Condition"]["StringEquals"]["s3:object-lock-legal-hold"];
            assert_eq!(status.as_str(), Some("ON"), "{statement:?}");
            placing += 1;
        }
    }
    assert_eq!(
        placing, 2,
        "the cases' own files, and the copies of held recordings"
    );
}
