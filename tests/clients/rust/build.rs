//! Generates the client from the document that BESEDKA_DOCUMENT names.

use std::path::Path;
use std::{env, fs};

use progenitor_impl::{GenerationSettings, Generator, InterfaceStyle};
use serde_yaml::{Mapping, Value};

fn main() {
    println!("cargo::rerun-if-env-changed=BESEDKA_DOCUMENT");
    let path = env::var("BESEDKA_DOCUMENT").expect("BESEDKA_DOCUMENT names the document");
    println!("cargo::rerun-if-changed={path}");
    let mut document: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (_, operations) in document["paths"].as_mapping_mut().unwrap() {
        adapt(operations.as_mapping_mut().unwrap());
    }
    let document = serde_yaml::from_value(document).unwrap();
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Builder);
    let tokens = Generator::new(&settings).generate_tokens(&document).unwrap();
    let code = prettyplease::unparse(&syn::parse2(tokens).unwrap());
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("v1.rs"), code).unwrap();
}

/// Leaves out what progenitor does not implement: bodies of multipart/form-data, and further types of success beside
/// the first.
fn adapt(operations: &mut Mapping) {
    operations.retain(|_, operation| !is_form(operation));
    for (_, operation) in operations.iter_mut() {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_mapping_mut) else {
            continue;
        };
        let is_success = |status: &Value| status.as_str().is_some_and(|status| status < "400");
        let first = responses
            .iter()
            .find(|(status, _)| is_success(status))
            .map(|(_, answer)| answer.get("content").cloned());
        responses.retain(|status, answer| {
            !is_success(status) || Some(answer.get("content")) == first.as_ref().map(Option::as_ref)
        });
    }
}

fn is_form(operation: &Value) -> bool {
    let body = operation.get("requestBody").and_then(|body| body.get("content"));
    body.is_some_and(|content| content.get("multipart/form-data").is_some())
}
