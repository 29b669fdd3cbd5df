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
