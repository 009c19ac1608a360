//! A JSON body whose errors name the invalid field, unlike those of poem-openapi.

use std::any::type_name;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use bytes::Bytes;
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::error::ParseRequestPayloadError;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
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
        let bytes = <Bytes as FromRequest>::from_request(request, body).await?;
        let refusal = |reason: String| ParseRequestPayloadError { reason };
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| refusal(format!("The body is not valid JSON: {error}")))?;
        if !value.is_object() {
            return Err(refusal("The body must be a JSON object".to_owned()).into());
        }
        // Before parsing: poem-openapi takes numbers and booleans for strings.
        if let Some(flaw) = Known::of::<T>().flaw(&value) {
            return Err(refusal(flaw).into());
        }
        T::parse_from_json(Some(value)).map(Self).map_err(|error| refusal(error.into_message()).into())
    }
}

poem_openapi::impl_apirequest_for_payload!(JsonBody<T>, T: ParseFromJSON);

/// A JSON body that may be left out.
pub struct OptionalBody<T>(pub Option<T>);

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for OptionalBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = MetaMediaType { content_type: JsonBody::<T>::CONTENT_TYPE, schema: T::schema_ref() };
        Some(MetaRequest { description: None, content: vec![content], required: false })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        *body = RequestBody::new(bytes.into());
        Ok(Self(Some(<JsonBody<T> as ApiExtractor>::from_request(request, body, options).await?.0)))
    }
}

/// The schema of a type. Collecting it takes a while, so it is kept.
struct Known {
    registry: Registry,
    schema: MetaSchemaRef,
}

impl Known {
    fn of<T: Type>() -> Arc<Self> {
        static KNOWN: LazyLock<RwLock<HashMap<&'static str, Arc<Known>>>> = LazyLock::new(RwLock::default);
        let name = type_name::<T>();
        if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return known.clone();
        }
        let mut registry = Registry::new();
        T::register(&mut registry);
        let known = Arc::new(Self { registry, schema: T::schema_ref() });
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(name, known.clone());
        known
    }

    /// Describes the first field that does not match the schema.
    fn flaw(&self, value: &Value) -> Option<String> {
        flaw_in(&self.registry, value, resolve(&self.registry, &self.schema)?, "")
    }
}

/// Describes the first field of an object that does not match; `before` is what its name begins with.
fn flaw_in(registry: &Registry, value: &Value, schema: &MetaSchema, before: &str) -> Option<String> {
    let given = |name: &str| value.get(name).filter(|value| !value.is_null());
    if let Some(name) = schema.required.iter().find(|name| given(name).is_none()) {
        return Some(format!("{before}{name}: is missing"));
    }
    schema.properties.iter().find_map(|(name, property)| {
        let expected = resolve(registry, property)?;
        let value = given(name)?;
        if !fits(registry, value, expected) {
            return Some(format!("{before}{name}: must be {}", wanted(registry, expected)));
        }
        match expected.ty {
            "object" => flaw_in(registry, value, expected, &format!("{before}{name}.")),
            "array" => {
                let item = resolve(registry, expected.items.as_deref()?)?;
                let flaw =
                    |(place, value)| flaw_in(registry, value, item, &format!("{before}{name}[{place}]."));
                value.as_array()?.iter().enumerate().find_map(flaw)
            }
            _ => None,
        }
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
