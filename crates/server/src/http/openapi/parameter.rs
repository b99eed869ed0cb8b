//! Parameters of an operation: what its path names, and how a list is narrowed.

use adit_api::attribute::{Attribute, Kind};
use adit_api::query::MOST_FIXED_IPS;
use adit_api::shape::Shape;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ArrayBuilder, RefOr, Required, Schema};

use super::Wire;
use super::body::shaped;
use crate::identity::resource::FLAGS;

/// What the caller chooses in a path.
pub(super) fn of_path(path: &str) -> impl Iterator<Item = Parameter> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(shaped(Shape::Text)))
            .build()
    })
}

/// Filters, fields, order and pages of a list; fields of one object.
pub(super) fn of_list(answer: Wire) -> impl Iterator<Item = Parameter> {
    let (schema, is_list) = match answer {
        Wire::Many(schema) => (Some(schema), true),
        Wire::One(schema) => (Some(schema), false),
        Wire::Nothing | Wire::Json | Wire::Found { .. } | Wire::Made(_) | Wire::New(_) | Wire::Changes(_) => {
            (None, false)
        }
    };
    let attributes = schema.filter(|_| is_list).map(|schema| schema.attributes).unwrap_or_default();
    let filters = attributes.iter().filter(|attribute| attribute.filter.is_some()).map(filter);
    let has_order = attributes.iter().any(|attribute| attribute.sort);
    let order = has_order.then(|| {
        let keys = attributes.iter().filter(|attribute| attribute.sort).map(|attribute| attribute.name);
        let words: &'static [&'static str] = &["asc", "desc"];
        [
            repeated("sort_key", one_of(keys), "What to sort by, most significant first."),
            repeated("sort_dir", shaped(Shape::Word(words)), "How to sort, one for each `sort_key`."),
        ]
    });
    let page = is_list.then(|| {
        [
            query("limit", shaped(Shape::Number), "How many objects at most; 0 for all."),
            query("marker", shaped(Shape::Text), "The id of the object next to which the page starts."),
            query("page_reverse", shaped(Shape::Flag), "Whether the page lies before the marker."),
        ]
    });
    let fields = schema.map(|_| repeated("fields", shaped(Shape::Text), "The attributes to show."));
    filters.chain(order.into_iter().flatten()).chain(page.into_iter().flatten()).chain(fields)
}

fn filter(attribute: &'static Attribute) -> Parameter {
    if let Kind::FixedIps = attribute.kind {
        let item = ArrayBuilder::new().items(shaped(Shape::Text)).max_items(Some(MOST_FIXED_IPS)).build();
        let what = "Only objects with all of these: `subnet_id=ID`, `ip_address=ADDRESS` or `ip_address_substr=PART`.";
        return query(attribute.name, item.into(), what);
    }
    repeated(attribute.name, shaped(attribute.shape()), "Only objects with one of these values.")
}

/// What a list of the Identity API can be narrowed by, and what switches it has.
pub(super) fn of_found(answer: Wire) -> impl Iterator<Item = Parameter> {
    let (filters, constants, switches) = match answer {
        Wire::Found { filters, constants, switches } => (filters, constants, switches),
        Wire::Nothing
        | Wire::Json
        | Wire::Made(_)
        | Wire::New(_)
        | Wire::Changes(_)
        | Wire::One(_)
        | Wire::Many(_) => (&[][..], &[][..], &[][..]),
    };
    let names = filters.iter().map(|(name, _)| *name).chain(constants.iter().copied());
    let filters = names.map(|name| {
        let shape = if FLAGS.contains(&name) { Shape::Flag } else { Shape::Text };
        query(name, shaped(shape), "Only objects with this value.")
    });
    filters.chain(switches.iter().map(|(name, what)| query(name, shaped(Shape::Flag), what)))
}

/// What an answer depends on that is made as it is asked for.
pub(super) fn of_made(answer: Wire) -> impl Iterator<Item = Parameter> {
    let parameters = match answer {
        Wire::Made(parameters) => parameters,
        Wire::Nothing
        | Wire::Json
        | Wire::Found { .. }
        | Wire::New(_)
        | Wire::Changes(_)
        | Wire::One(_)
        | Wire::Many(_) => &[],
    };
    parameters.iter().map(|(name, shape, meaning)| query(name, shaped(*shape), meaning))
}

fn one_of(names: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let words = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    words.enum_values(Some(names.collect::<Vec<_>>())).build().into()
}

fn repeated(name: &str, item: RefOr<Schema>, description: &str) -> Parameter {
    query(name, ArrayBuilder::new().items(item).build().into(), description)
}

fn query(name: &str, schema: RefOr<Schema>, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
