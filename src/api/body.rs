//! A JSON body whose errors name the invalid field, unlike those of poem-openapi.

use bytes::Bytes;
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::error::ParseRequestPayloadError;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use serde_json::Value;

/// A JSON body.
pub struct JsonBody<T>(pub T);

impl<T: Type> Payload for JsonBody<T> {
    const CONTENT_TYPE: &'static str = Json::<T>::CONTENT_TYPE;

    fn check_content_type(content_type: &str) -> bool {
        Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ParseFromJSON> ParsePayload for JsonBody<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let bytes = Bytes::from_request(request, body).await?;
        let refusal = |reason: String| ParseRequestPayloadError { reason };
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| refusal(format!("The body is not valid JSON: {error}")))?;
        if !value.is_object() {
            return Err(refusal("The body must be a JSON object".to_owned()).into());
        }
        match T::parse_from_json(Some(value)) {
            Ok(parsed) => Ok(Self(parsed)),
            Err(error) => {
                // Only invalid bodies are parsed again.
                let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                Err(refusal(flaw::<T>(&value).unwrap_or_else(|| error.into_message())).into())
            }
        }
    }
}

poem_openapi::impl_apirequest_for_payload!(JsonBody<T>, T: ParseFromJSON);

/// Describes the first field that does not match the schema.
fn flaw<T: Type>(value: &Value) -> Option<String> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let schema_ref = T::schema_ref();
    let schema = resolve(&registry, &schema_ref)?;
    let given = |name: &str| value.get(name).filter(|value| !value.is_null());
    if let Some(name) = schema.required.iter().find(|name| given(name).is_none()) {
        return Some(format!("{name}: is missing"));
    }
    schema.properties.iter().find_map(|(name, property)| {
        let expected = resolve(&registry, property)?;
        let value = given(name)?;
        (!fits(&registry, value, expected))
            .then(|| format!("{name}: must be {}", wanted(&registry, expected)))
    })
}

fn resolve<'a>(registry: &'a Registry, schema: &'a MetaSchemaRef) -> Option<&'a MetaSchema> {
    match schema {
        // A field with a default or a description refers to its type first, followed by the other properties.
        MetaSchemaRef::Inline(schema) => match schema.all_of.first() {
            Some(kind) => resolve(registry, kind),
            None => Some(schema),
        },
        MetaSchemaRef::Reference(name) => registry.schemas.get(name),
    }
}

fn fits(registry: &Registry, value: &Value, schema: &MetaSchema) -> bool {
    if !schema.enum_items.is_empty() {
        return schema.enum_items.contains(value);
    }
    match schema.ty {
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" if schema.format == Some("uuid") => {
            value.as_str().is_some_and(|text| uuid::Uuid::try_parse(text).is_ok())
        }
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => {
            let item = schema.items.as_deref().and_then(|item| resolve(registry, item));
            let fit = |value: &Value| item.is_none_or(|item| fits(registry, value, item));
            value.as_array().is_some_and(|values| values.iter().all(fit))
        }
        "object" => value.is_object(),
        _ => true,
    }
}

fn wanted(registry: &Registry, schema: &MetaSchema) -> String {
    if !schema.enum_items.is_empty() {
        let names: Vec<_> = schema.enum_items.iter().map(ToString::to_string).collect();
        return format!("one of {}", names.join(", "));
    }
    match (schema.ty, schema.format) {
        ("integer", _) => "an integer".to_owned(),
        ("string", Some("uuid")) => "a UUID".to_owned(),
        ("array", _) => match schema.items.as_deref().and_then(|item| resolve(registry, item)) {
            Some(item) => format!("a list of which each item is {}", wanted(registry, item)),
            None => "a list".to_owned(),
        },
        ("object", _) => "an object".to_owned(),
        (kind, _) => format!("a {kind}"),
    }
}
