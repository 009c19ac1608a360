//! The response format: Mimu's client builds its map `{success, data, …}` from a plain object, while newer
//! clients expect that map itself, so the fields are both at the top level and in `data`.

use std::borrow::Cow;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use serde_json::{Map, Value};

/// An object with its fields repeated in `data`.
pub struct Envelope<T>(pub T);

impl<T: Type> Type for Envelope<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        format!("{}Answer", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(Self::name().into_owned())
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        registry.create_schema::<Self, _>(Self::name().into_owned(), |registry| {
            // One object with all fields: generators take a second part of `allOf` for a second type.
            let fields = registry.schemas.get(&*T::name()).cloned();
            let mut both = fields.unwrap_or_else(|| MetaSchema::new("object"));
            let mut success = MetaSchema::new("boolean");
            success.description = Some("Always true.");
            both.required.extend(["success", "data"]);
            both.properties.push(("success", MetaSchemaRef::Inline(Box::new(success))));
            both.properties.push(("data", T::schema_ref()));
            both.example = None;
            // Generators name types by titles.
            both.title = Some(Self::name().into_owned());
            both
        });
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<T: ToJSON> ToJSON for Envelope<T> {
    fn to_json(&self) -> Option<Value> {
        let Some(Value::Object(fields)) = self.0.to_json() else { return Some(Value::Object(Map::new())) };
        let mut wrapped = fields.clone();
        wrapped.insert("success".to_owned(), Value::Bool(true));
        wrapped.insert("data".to_owned(), Value::Object(fields));
        Some(Value::Object(wrapped))
    }
}
