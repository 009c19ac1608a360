//! The operations of an API, found by method and path.
//!
//! poem's router passes a request through several endpoints, each of which copies the request and the futures within its
//! own. Most requests are for operations whose path is always the same: these are found by one look-up.

use std::collections::HashMap;
use std::marker::PhantomData;

use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::http::Method;
use poem::{Endpoint, IntoEndpoint, Request, Response, Result};
use poem_openapi::__private::UrlQuery;
use poem_openapi::{OpenApi, OpenApiService};

use super::refusal::{self, Body};

type Methods = HashMap<Method, BoxEndpoint<'static>>;

/// Writes errors as `B`.
pub struct Operations<B> {
    /// By path.
    fixed: HashMap<String, Methods>,
    /// All, including those that `fixed` has.
    router: BoxEndpoint<'static>,
    errors: PhantomData<fn() -> B>,
}

impl<B: Body> Operations<B> {
    /// `apis` and `service` have the same operations.
    pub fn new<T: OpenApi + 'static>(apis: T, service: OpenApiService<T, ()>) -> Self {
        let mut fixed = HashMap::new();
        apis.add_routes(&mut fixed);
        fixed.retain(|path, _| !path.contains([':', '*', '<']));
        Self { fixed, router: service.into_endpoint(), errors: PhantomData }
    }

    fn find(&self, request: &Request) -> Option<&BoxEndpoint<'static>> {
        self.fixed.get(request.uri().path())?.get(request.method())
    }
}

impl<B: Body> Endpoint for Operations<B> {
    type Output = Response;

    fn call(&self, mut request: Request) -> impl Future<Output = Result<Response>> + Send {
        let operation = match self.find(&request) {
            Some(operation) => {
                // As poem-openapi's service does; the code of its macros expects it.
                let query = UrlQuery(request.params().unwrap_or_default());
                request.set_data(query);
                operation
            }
            None => &self.router,
        };
        let answer = DynEndpoint::call(operation.as_ref(), request);
        async move {
            match answer.await {
                Ok(response) => Ok(response),
                Err(error) => Ok(refusal::render::<B>(error).await),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::http::StatusCode;
    use poem_openapi::SecurityScheme;
    use poem_openapi::auth::Bearer;
    use poem_openapi::param::{Path, Query};
    use poem_openapi::payload::PlainText;

    use super::*;
    use crate::desktop;

    #[derive(SecurityScheme)]
    #[oai(ty = "bearer")]
    struct Token(Bearer);

    struct Numbers;

    #[OpenApi]
    impl Numbers {
        #[oai(path = "/numbers", method = "get")]
        async fn list(&self, limit: Query<Option<i64>>) -> PlainText<String> {
            PlainText(format!("list {:?}", limit.0))
        }

        #[oai(path = "/numbers", method = "post")]
        async fn create(&self, token: Token) -> PlainText<String> {
            PlainText(format!("create {}", token.0.token))
        }

        #[oai(path = "/numbers/last", method = "get")]
        async fn last(&self) -> PlainText<String> {
            PlainText("last".to_owned())
        }

        #[oai(path = "/numbers/:number", method = "get")]
        async fn one(&self, number: Path<i64>) -> PlainText<String> {
            PlainText(format!("one {}", number.0))
        }
    }

    fn operations() -> Operations<desktop::Problem> {
        Operations::new(Numbers, OpenApiService::new(Numbers, "Numbers", "1"))
    }

    #[test]
    fn only_operations_whose_path_is_always_the_same_are_found_by_it() {
        let operations = operations();
        let mut found: Vec<_> = operations
            .fixed
            .iter()
            .flat_map(|(path, methods)| methods.keys().map(move |method| (method.as_str(), path.as_str())))
            .collect();
        found.sort_unstable();
        assert_eq!(found, [("GET", "/numbers"), ("GET", "/numbers/last"), ("POST", "/numbers")]);
    }

    #[tokio::test]
    async fn every_operation_answers() {
        let operations = operations();
        for (method, path, answer) in [
            (Method::GET, "/numbers?limit=3", "list Some(3)"),
            (Method::GET, "/numbers", "list None"),
            (Method::POST, "/numbers", "create key"),
            (Method::POST, "/numbers?limit=3", "create key"),
            (Method::GET, "/numbers/last", "last"),
            (Method::HEAD, "/numbers/last", ""),
            (Method::GET, "/numbers/7", "one 7"),
        ] {
            let request = Request::builder().method(method.clone()).uri(path.parse().unwrap());
            let request = request.header("authorization", "Bearer key").finish();
            let response = operations.get_response(request).await;
            assert_eq!(response.status(), StatusCode::OK, "{method} {path}");
            assert_eq!(response.into_body().into_string().await.unwrap(), answer, "{method} {path}");
        }
        let request = Request::builder().method(Method::DELETE).uri("/numbers".parse().unwrap()).finish();
        assert_eq!(operations.get_response(request).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
