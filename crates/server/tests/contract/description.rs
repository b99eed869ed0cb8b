//! `/openapi.json` as a test reads it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::common::Server;

/// The description of both APIs.
pub(crate) struct Description(Value);

/// One method on one path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) method: String,
    /// With placeholders in braces.
    pub(crate) path: String,
}

impl Description {
    pub(crate) async fn of(server: &Server) -> Self {
        let answer = server.call(None, "GET", "/openapi.json", &Value::Null).await;
        assert_eq!(answer.status, 200);
        Self(answer.body)
    }

    /// Everything that is described.
    pub(crate) fn operations(&self) -> BTreeSet<Operation> {
        let paths = self.0["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let methods: Vec<String> =
                item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
            methods.into_iter().map(|method| Operation { method, path: path.clone() }).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    }

    /// The operation that a request leads to: of several, the one with the most words.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let path = path.split('?').next().unwrap();
        let fits = |operation: &Operation| operation.method == method && fits(&operation.path, path);
        self.operations().into_iter().filter(fits).min_by_key(|operation| operation.path.matches('{').count())
    }

    /// Checks that an answer has the form that is described for it.
    pub(crate) fn check(&self, operation: &Operation, status: u16, body: &Value) {
        let described = &self.0["paths"][&operation.path][operation.method.to_lowercase()]["responses"];
        let response = match described.get(status.to_string()) {
            Some(response) => response,
            None if status >= 400 => &described["default"],
            None => panic!("{operation:?}: {status} is not described"),
        };
        let Some(content) = response.get("content") else {
            return assert!(body.is_null(), "{operation:?}: {body}");
        };
        let mut schema = content["application/json"]["schema"].clone();
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{operation:?} {status}: {errors:#?}\n{body:#}");
    }

    /// All references within the document.
    pub(crate) fn references(&self) -> Vec<String> {
        fn walk(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(reference)) = object.get("$ref") {
                        found.push(reference.clone());
                    }
                    object.values().for_each(|value| walk(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let mut found = Vec::new();
        walk(&self.0, &mut found);
        found
    }

    /// What a JSON pointer leads to.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// Whether an operation takes a body.
    pub(crate) fn takes_body(&self, operation: &Operation) -> bool {
        self.0["paths"][&operation.path][operation.method.to_lowercase()].get("requestBody").is_some()
    }

    /// The names of the attributes in a request of this operation.
    pub(crate) fn attributes(&self, operation: &Operation) -> Vec<String> {
        let item = &self.0["paths"][&operation.path][operation.method.to_lowercase()];
        let schema = &item["requestBody"]["content"]["application/json"]["schema"];
        // Of a body for one or several, the form for one comes first.
        let schema = schema.get("oneOf").map_or(schema, |forms| &forms[0]);
        let inner = schema["properties"].as_object().and_then(|keys| keys.values().next());
        let name = inner.and_then(|inner| inner["$ref"].as_str()?.strip_prefix("#/components/schemas/"));
        let named = name.and_then(|name| self.0["components"]["schemas"][name]["properties"].as_object());
        named.into_iter().flat_map(|attributes| attributes.keys().cloned()).collect()
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(wanted, part)| wanted.starts_with('{') || *wanted == part)
}

#[tokio::test]
async fn the_document_is_whole() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    assert_eq!(description.at("/openapi"), Some(&json!("3.1.0")));
    for reference in description.references() {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.at(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for Operation { method, path } in description.operations() {
        let item = &description.0["paths"][&path][method.to_lowercase()];
        let id = item["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(!item["summary"].as_str().unwrap().is_empty(), "{method} {path} has no summary");
        let named: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = item["parameters"].as_array().cloned().unwrap_or_default();
        let declared = parameters.iter().filter(|parameter| parameter["in"] == "path");
        assert_eq!(named, declared.map(|parameter| parameter["name"].as_str().unwrap()).collect(), "{path}");
    }
}

/// What lists are narrowed by is described, and bounded where a request is.
#[tokio::test]
async fn filters_and_bounds_are_described() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    for (path, name, want) in [
        ("/identity/v3/users", "enabled", json!({"type": "boolean"})),
        ("/identity/v3/projects", "enabled", json!({"type": "boolean"})),
        ("/identity/v3/domains", "enabled", json!({"type": "boolean"})),
        ("/identity/v3/users", "name", json!({"type": "string"})),
        ("/identity/v3/role_assignments", "scope.project.id", json!({"type": "string"})),
        ("/identity/v3/role_assignments", "user.id", json!({"type": "string"})),
        ("/identity/v3/role_assignments", "effective", json!({"type": "boolean"})),
        ("/identity/v3/role_assignments", "include_names", json!({"type": "boolean"})),
        ("/identity/v3/users/{user_id}/application_credentials", "name", json!({"type": "string"})),
        ("/identity/v3/users/{user_id}/access_rules", "service", json!({"type": "string"})),
        ("/identity/v3/users/{user_id}/projects", "enabled", json!({"type": "boolean"})),
        ("/networking/v2.0/flavors", "enabled", json!({"type": "array", "items": {"type": "boolean"}})),
        (
            "/networking/v2.0/ports",
            "fixed_ips",
            json!({"type": "array", "items": {"type": "string"}, "maxItems": 100}),
        ),
    ] {
        let parameters = description.0["paths"][path]["get"]["parameters"].as_array().unwrap();
        let found = parameters.iter().find(|parameter| parameter["name"] == name);
        assert_eq!(found.map(|found| &found["schema"]), Some(&want), "{path} {name}");
    }
    for (schema, name, most) in [
        ("subnet_create", "dns_nameservers", 5),
        ("subnet_update", "host_routes", 20),
        ("port_create", "allowed_address_pairs", 10),
        ("network", "tags", 50),
    ] {
        let property = &description.0["components"]["schemas"][schema]["properties"][name];
        assert_eq!(property["maxItems"], most, "{schema} {name}");
    }
}
