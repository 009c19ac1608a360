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
        registry.create_schema::<Self, _>(Self::name().into_owned(), |_| {
            let mut success = MetaSchema::new("boolean");
            success.description = Some("Always true.");
            let mut wrapping = MetaSchema::new("object");
            wrapping.required = vec!["success", "data"];
            wrapping.properties =
                vec![("success", MetaSchemaRef::Inline(Box::new(success))), ("data", T::schema_ref())];
            let mut both = MetaSchema::ANY;
            both.all_of = vec![T::schema_ref(), MetaSchemaRef::Inline(Box::new(wrapping))];
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
