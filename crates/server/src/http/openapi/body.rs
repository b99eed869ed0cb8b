//! Bodies as JSON Schemas: of resources, of errors.

use adit_api::Schema as Resource;
use adit_api::attribute::{Bulk, Initial, Post};
use adit_api::shape::Shape;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, Content, ObjectBuilder, Ref, RefOr, Required, Schema};

use super::Wire;

/// The resource that a body is about.
pub(super) fn schema_of(wire: Wire) -> Option<&'static Resource> {
    match wire {
        Wire::Nothing | Wire::Json | Wire::Found { .. } | Wire::Made(_) => None,
        Wire::New(schema) | Wire::Changes(schema) | Wire::One(schema) | Wire::Many(schema) => Some(schema),
    }
}

/// What a request brings.
pub(super) fn request(takes: Wire) -> Option<RequestBody> {
    let content = content(takes)?;
    Some(
        RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build(),
    )
}

/// What an answer brings: to a creation of several, several.
pub(super) fn answer(takes: Wire, gives: Wire) -> Option<Content> {
    if let (Wire::New(_), Wire::One(resource)) = (takes, gives)
        && resource.bulk == Bulk::Accepted
    {
        let one = wrapped(resource.singular, Ref::from_schema_name(resource.singular).into());
        return Some(Content::new(Some(either(one, list(resource)))));
    }
    content(gives)
}

/// A body of plain words.
pub(super) fn text() -> Content {
    Content::new(Some(shaped(Shape::Text)))
}

/// A body that is described elsewhere in the document.
pub(super) fn reference(name: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(name)))
}

fn content(wire: Wire) -> Option<Content> {
    let (resource, name) = match wire {
        Wire::Nothing => return None,
        Wire::Json | Wire::Found { .. } | Wire::Made(_) => {
            return Some(Content::new(Some(shaped(Shape::Any))));
        }
        Wire::Many(resource) => return Some(Content::new(Some(list(resource)))),
        Wire::New(resource) => match resource.bulk {
            Bulk::Accepted => return Some(Content::new(Some(one_or_many(resource)))),
            Bulk::Refused | Bulk::Unknown => (resource, new_name(resource)),
        },
        Wire::Changes(resource) => (resource, changes_name(resource)),
        Wire::One(resource) => (resource, resource.singular.to_owned()),
    };
    Some(Content::new(Some(wrapped(resource.singular, Ref::from_schema_name(name).into()))))
}

/// The three forms of a resource: as it is shown, as it is created, as it is changed.
pub(super) fn resource(resource: &'static Resource) -> [(String, Schema); 3] {
    [
        (resource.singular.to_owned(), shown(resource)),
        (new_name(resource), created(resource)),
        (changes_name(resource), changed(resource)),
    ]
}

/// The forms of refusals.
pub(super) fn errors() -> [(&'static str, Schema); 2] {
    let text = || shaped(Shape::Text);
    let neutron = ObjectBuilder::new()
        .property("type", text())
        .property("message", text())
        .property("detail", text())
        .required("type")
        .required("message")
        .required("detail")
        .build();
    let keystone = ObjectBuilder::new()
        .property("code", shaped(Shape::Number))
        .property("message", text())
        .property("title", text())
        .required("code")
        .required("message")
        .required("title")
        .build();
    let wrap = |key: &str, schema: utoipa::openapi::Object| {
        ObjectBuilder::new().property(key, schema).required(key).build().into()
    };
    [("NeutronError", wrap("NeutronError", neutron)), ("IdentityError", wrap("error", keystone))]
}

/// The JSON Schema of a value of this form.
pub(super) fn shaped(shape: Shape) -> RefOr<Schema> {
    match shape {
        Shape::Any => ObjectBuilder::new().schema_type(SchemaType::AnyValue).build().into(),
        Shape::Text => typed(Type::String).into(),
        Shape::Formatted(format) => ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom(format.to_owned())))
            .build()
            .into(),
        Shape::Word(words) => ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(words.iter().copied()))
            .build()
            .into(),
        Shape::Number => typed(Type::Integer).into(),
        Shape::Choice(numbers) => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .enum_values(Some(numbers.iter().copied()))
            .build()
            .into(),
        Shape::Flag => typed(Type::Boolean).into(),
        Shape::List(item) => ArrayBuilder::new().items(shaped(*item)).build().into(),
        Shape::AtMost(most, item) => {
            ArrayBuilder::new().items(shaped(*item)).max_items(Some(most)).build().into()
        }
        Shape::Object(keys) => {
            let object = ObjectBuilder::new().schema_type(Type::Object);
            keys.iter()
                .fold(object, |object, (key, shape)| object.property(*key, shaped(*shape)))
                .build()
                .into()
        }
        Shape::Nullable(shape) => {
            let null = RefOr::<Schema>::from(typed(Type::Null));
            Schema::OneOf(OneOfBuilder::new().item(shaped(*shape)).item(null).build()).into()
        }
    }
}

fn typed(kind: Type) -> Schema {
    ObjectBuilder::new().schema_type(kind).build().into()
}

fn new_name(resource: &Resource) -> String {
    format!("{}_create", resource.singular)
}

fn changes_name(resource: &Resource) -> String {
    format!("{}_update", resource.singular)
}

fn list(resource: &Resource) -> RefOr<Schema> {
    let items = ArrayBuilder::new().items(Ref::from_schema_name(resource.singular)).build();
    let link: &'static Shape = &Shape::Object(&[("rel", Shape::Text), ("href", Shape::Formatted("uri"))]);
    ObjectBuilder::new()
        .property(resource.plural, items)
        .property(format!("{}_links", resource.plural), shaped(Shape::List(link)))
        .required(resource.plural)
        .build()
        .into()
}

/// A new object, or several at once.
fn one_or_many(resource: &Resource) -> RefOr<Schema> {
    let new = || Ref::from_schema_name(new_name(resource));
    either(
        wrapped(resource.singular, new().into()),
        wrapped(resource.plural, ArrayBuilder::new().items(new()).build().into()),
    )
}

fn either(one: RefOr<Schema>, other: RefOr<Schema>) -> RefOr<Schema> {
    Schema::OneOf(OneOfBuilder::new().item(one).item(other).build()).into()
}

fn wrapped(key: &str, inner: RefOr<Schema>) -> RefOr<Schema> {
    ObjectBuilder::new().property(key, inner).required(key).build().into()
}

/// As answers show it. What is only for administrators may be missing.
fn shown(resource: &Resource) -> Schema {
    let mut object = ObjectBuilder::new();
    for attribute in resource.attributes {
        object = object.property(attribute.name, shaped(attribute.shape()));
        if attribute.name == "project_id" {
            object = object.property("tenant_id", shaped(attribute.shape()));
        }
    }
    object.build().into()
}

/// As a POST brings it.
fn created(resource: &Resource) -> Schema {
    let mut object = ObjectBuilder::new();
    for attribute in resource.attributes {
        let schema = shaped(attribute.shape());
        object = match attribute.post {
            Post::Refused => continue,
            Post::Required => object.property(attribute.name, schema).required(attribute.name),
            Post::Optional(initial) => object.property(attribute.name, with_default(schema, initial)),
        };
    }
    object.additional_properties(Some(AdditionalProperties::FreeForm(false))).build().into()
}

/// As a PUT brings it.
fn changed(resource: &Resource) -> Schema {
    let attributes = resource.attributes.iter().filter(|attribute| attribute.put);
    let object = attributes.fold(ObjectBuilder::new(), |object, attribute| {
        object.property(attribute.name, shaped(attribute.shape()))
    });
    object.additional_properties(Some(AdditionalProperties::FreeForm(false))).build().into()
}

fn with_default(schema: RefOr<Schema>, initial: Initial) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.default = initial.value();
            object.into()
        }
        RefOr::T(Schema::Array(mut array)) => {
            array.default = initial.value();
            array.into()
        }
        reference @ (RefOr::Ref(_) | RefOr::T(_)) => reference,
    }
}
