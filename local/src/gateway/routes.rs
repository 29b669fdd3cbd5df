//! Chooses the route of a request as an HTTP API does: the most specific path, then the most specific method.

use std::collections::BTreeMap;

use crate::template::model::Route;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    /// `{name}`: one segment, not empty.
    Variable(String),
    /// `{name+}`: the rest of the path.
    Greedy(String),
}

#[derive(Debug, Clone)]
struct Entry {
    method: String,
    key: String,
    segments: Vec<Segment>,
    function: String,
}

/// All routes of the template.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    entries: Vec<Entry>,
}

/// The route that a request takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The route as the template writes it, such as `GET /cameras/{id}`.
    pub key: &'a str,
    pub function: &'a str,
    pub path_parameters: BTreeMap<String, String>,
}

impl Routes {
    pub fn new(routes: &[Route]) -> Self {
        let entries = routes.iter().map(|route| Entry {
            method: route.method.clone(),
            key: format!("{} {}", route.method, route.path),
            segments: segments(&route.path).map(segment).collect(),
            function: route.function.clone(),
        });
        Self {
            entries: entries.collect(),
        }
    }

    /// The route for this method and this path as it came over the wire.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let parts: Vec<&str> = segments(path).collect();
        let candidates = self
            .entries
            .iter()
            .filter(|entry| entry.method == method || entry.method == "ANY");
        candidates
            .filter_map(|entry| Some((entry, parameters(&entry.segments, &parts)?)))
            .min_by_key(|(entry, _)| (specificity(&entry.segments), entry.method == "ANY"))
            .map(|(entry, path_parameters)| Match {
                key: &entry.key,
                function: &entry.function,
                path_parameters,
            })
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn segment(text: &str) -> Segment {
    match text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
    {
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Greedy(name.to_owned()),
            None => Segment::Variable(name.to_owned()),
        },
        None => Segment::Fixed(text.to_owned()),
    }
}

/// Lower sorts first: a fixed segment before a variable one, a variable one before the rest of the path.
fn specificity(segments: &[Segment]) -> Vec<u8> {
    let ranks = segments.iter().map(|segment| match segment {
        Segment::Fixed(_) => 0,
        Segment::Variable(_) => 1,
        Segment::Greedy(_) => 2,
    });
    ranks.collect()
}

fn parameters(pattern: &[Segment], parts: &[&str]) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    for (index, segment) in pattern.iter().enumerate() {
        match segment {
            Segment::Greedy(name) => {
                let rest = parts.get(index..)?.join("/");
                let filled = !rest.is_empty();
                parameters.insert(name.clone(), decode(&rest));
                return filled.then_some(parameters);
            }
            Segment::Variable(name) => {
                let part = parts.get(index).filter(|part| !part.is_empty())?;
                parameters.insert(name.clone(), decode(part));
            }
            Segment::Fixed(text) => {
                parts.get(index).filter(|part| decode(part) == *text)?;
            }
        }
    }
    (pattern.len() == parts.len()).then_some(parameters)
}

/// Undoes percent-encoding; what is not valid stays as it came.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let pair = (*byte == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten();
        let value = pair.filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match value.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                index += 3;
            }
            None => {
                decoded.push(*byte);
                index += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn check(method: &str, path: &str) -> Option<String> {
        let route = |method: &str, path: &str| Route {
            method: method.to_owned(),
            path: path.to_owned(),
            function: "f".to_owned(),
        };
        let routes = Routes::new(&[
            route("ANY", "/{rest+}"),
            route("GET", "/"),
            route("GET", "/devices/{id}"),
            route("POST", "/devices/activation"),
            route("POST", "/devices/{id}"),
            route("POST", "/devices/{id}/code"),
            route("ANY", "/assets/{file}"),
            route("GET", "/assets/{file}"),
        ]);
        let found = routes.find(method, path)?;
        let values: Vec<String> = found.path_parameters.into_values().collect();
        Some(format!("{} [{}]", found.key, values.join(",")))
    }

    #[test]
    fn a_fixed_segment_comes_before_a_variable_one() {
        assert_eq!(
            check("POST", "/devices/activation").unwrap(),
            "POST /devices/activation []"
        );
        assert_eq!(
            check("POST", "/devices/d-1").unwrap(),
            "POST /devices/{id} [d-1]"
        );
        assert_eq!(
            check("POST", "/devices/d-1/code").unwrap(),
            "POST /devices/{id}/code [d-1]"
        );
    }

    #[test]
    fn a_stated_method_comes_before_any() {
        assert_eq!(
            check("GET", "/assets/a.js").unwrap(),
            "GET /assets/{file} [a.js]"
        );
        assert_eq!(
            check("PUT", "/assets/a.js").unwrap(),
            "ANY /assets/{file} [a.js]"
        );
    }

    #[test]
    fn the_rest_of_a_path_is_taken_when_nothing_else_fits() {
        assert_eq!(check("GET", "/a/b/c").unwrap(), "ANY /{rest+} [a/b/c]");
        assert_eq!(
            check("GET", "/devices/").unwrap(),
            "ANY /{rest+} [devices/]"
        );
        assert_eq!(check("HEAD", "/"), None);
    }

    #[test]
    fn path_parameters_are_decoded() {
        assert_eq!(
            check("GET", "/devices/a%2Fb%20%E6%97%A5").unwrap(),
            "GET /devices/{id} [a/b 日]"
        );
        assert_eq!(
            check("GET", "/devices/%zz%").unwrap(),
            "GET /devices/{id} [%zz%]"
        );
        assert_eq!(
            check("GET", "/devices/%ff").unwrap(),
            "GET /devices/{id} [%ff]"
        );
        assert_eq!(
            check("GET", "/devices/%+1日").unwrap(),
            "GET /devices/{id} [%+1日]"
        );
    }
}
