//! `/openapi.json`: what can be asked for, read off the tables of routes and the declarations of resources.

mod body;
mod parameter;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use adit_api::Schema;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::path::{self, HttpMethod, OperationBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Response, ResponseBuilder,
};

use super::route::{Operation, Route, Wire};
use super::{agent, identity, networking};

/// The name of the way to show who one is: a token in a header.
const TOKEN: &str = "token";
/// The name of the way to show that one is an agent.
const KEY: &str = "agent_key";

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document().to_json().expect("the document is built from texts, lists and numbers"));

/// `GET /openapi.json`.
pub(super) async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// An API, as far as its description differs from another's.
#[derive(Clone, Copy)]
struct Api {
    tag: &'static str,
    prefix: &'static str,
    error: &'static str,
    security: &'static str,
}

const NETWORKING: Api =
    Api { tag: "Networking", prefix: "/networking/v2.0", error: "NeutronError", security: TOKEN };

const IDENTITY: Api =
    Api { tag: "Identity", prefix: "/identity/v3", error: "IdentityError", security: TOKEN };

const AGENT: Api = Api { tag: "Agent", prefix: agent::PREFIX, error: "NeutronError", security: KEY };

fn document() -> OpenApi {
    let mut paths = Paths::new();
    describe(&mut paths, IDENTITY, shown(&identity::ROUTES));
    describe(&mut paths, NETWORKING, shown(&networking::ROUTES));
    describe(&mut paths, AGENT, agent::table().iter().map(|(operation, _)| operation));
    let schemas = schemas(&networking::ROUTES);
    let token =
        ApiKeyValue::with_description("X-Auth-Token", "A token, from `POST /identity/v3/auth/tokens`.");
    let components = ComponentsBuilder::new()
        .schemas_from_iter(body::errors())
        .schemas_from_iter(schemas.into_iter().flat_map(body::resource))
        .security_scheme(TOKEN, SecurityScheme::ApiKey(ApiKey::Header(token)))
        .security_scheme(KEY, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .build();
    let info = InfoBuilder::new()
        .title("Adit")
        .description(Some(
            "VPN as a Service: OpenStack's Networking API v2.0 with VPNaaS, and Identity API v3.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

/// The resources that routes speak of, each once, in the order of their names.
fn schemas<C, E>(routes: &[Route<C, E>]) -> Vec<&'static Schema> {
    let mut seen = BTreeSet::new();
    let mut schemas = Vec::new();
    for route in routes {
        for wire in [route.operation.takes, route.operation.gives.1] {
            if let Some(schema) = body::schema_of(wire)
                && seen.insert(schema.singular)
            {
                schemas.push(schema);
            }
        }
    }
    schemas
}

/// The operations of routes that documents tell of.
fn shown<C, E>(routes: &[Route<C, E>]) -> impl Iterator<Item = &Operation> {
    routes.iter().filter(|route| !route.hidden).map(|route| &route.operation)
}

fn describe<'r>(paths: &mut Paths, api: Api, operations: impl Iterator<Item = &'r Operation>) {
    for operation in operations {
        let path = format!("{}/{}", api.prefix, operation.path);
        paths.add_path_operation(path, vec![method(operation.method)], described(api, operation));
    }
}

fn method(name: &str) -> HttpMethod {
    match name {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        "HEAD" => HttpMethod::Head,
        _ => HttpMethod::Get,
    }
}

fn described(api: Api, operation: &Operation) -> path::Operation {
    let Operation { method, path, summary, takes, gives: (status, answer) } = operation;
    let mut described = OperationBuilder::new()
        .tag(api.tag)
        .summary(Some(summary))
        .operation_id(Some(operation_id(api, method, path)))
        .security(SecurityRequirement::new::<_, [&str; 0], &str>(api.security, []))
        .response(status.to_string(), response(*takes, *answer))
        .response("401", unknown(api))
        .response("default", refusal(api));
    let of_answer =
        parameter::of_list(*answer).chain(parameter::of_found(*answer)).chain(parameter::of_made(*answer));
    for parameter in parameter::of_path(path).chain(of_answer) {
        described = described.parameter(parameter);
    }
    described.request_body(body::request(*takes)).build()
}

fn operation_id(api: Api, method: &str, path: &str) -> String {
    let words = path.split(['/', '-', '{', '}']).filter(|word| !word.is_empty());
    words.fold(format!("{}_{}", api.tag, method).to_lowercase(), |id, word| format!("{id}_{word}"))
}

fn response(takes: Wire, answer: Wire) -> Response {
    match body::answer(takes, answer) {
        None => ResponseBuilder::new().description("Done.").build(),
        Some(content) => ResponseBuilder::new()
            .description("What was asked for.")
            .content("application/json", content)
            .build(),
    }
}

/// Whoever is nobody known is told so in the Identity API's form, which is where a token comes from; agents in words.
fn unknown(api: Api) -> Response {
    let response = ResponseBuilder::new().description("It is not known who asks.");
    match api.security {
        KEY => response.content("text/plain", body::text()).build(),
        _ => response.content("application/json", body::reference(IDENTITY.error)).build(),
    }
}

fn refusal(api: Api) -> Response {
    ResponseBuilder::new()
        .description("A refusal, and why.")
        .content("application/json", body::reference(api.error))
        .build()
}
