//! `derive(Value)`: the one procedural macro of logring, reached as `logring::Value` by its feature
//! `derive`. It reads a struct or an enum and writes the `encode` that a person would write; mistakes
//! in it are compile errors at the place of the mistake.

mod attributes;
mod bounds;
mod shape;

use proc_macro::TokenStream;
use proc_macro2::Span;
use quote::quote;
use syn::{Data, DeriveInput, parse_macro_input};

use attributes::{Mode, Options};

/// Makes a struct or an enum a value that a log call can carry.
///
/// | definition | is logged as |
/// |---|---|
/// | `struct A { x: i64, y: i64 }` | the map `{"x":1,"y":2}` |
/// | `struct A(i64)` | the field itself: `1` |
/// | `struct A(i64, i64)` | the list `[1,2]` |
/// | `struct A;`, an enum's `A` | the text `"A"` |
/// | an enum's `A(i64)` | the map `{"A":1}` |
/// | an enum's `A(i64, i64)` | the map `{"A":[1,2]}` |
/// | an enum's `A { x: i64 }` | the map `{"A":{"x":1}}` |
///
/// `#[log(..)]` on a field says otherwise: `rename = "name"`, `skip`, `redact` (the text `[redacted]`; the
/// field is not even read), `debug`, `display`, `error` (with its sources), `serde` (needs that feature).
/// On a variant: `rename = "name"`. On the type: `debug`, `display`, `serde`, `redact`, for the type as a
/// whole.
///
/// ```
/// use logring::Value;
///
/// #[derive(Value)]
/// struct Order {
///     id: u64,
///     #[log(rename = "amount")]
///     total_cents: u64,
///     #[log(redact)]
///     card: String,
///     state: State,
/// }
///
/// #[derive(Value)]
/// enum State {
///     Open,
///     Paid { method: String },
/// }
///
/// let state = State::Paid { method: "card".into() };
/// let order = Order { id: 7, total_cents: 1_999, card: "4111 1111".into(), state };
/// logring::info!("order placed", order);
/// // order={"id":7,"amount":1999,"card":"[redacted]","state":{"Paid":{"method":"card"}}}
/// ```
#[proc_macro_derive(Value, attributes(log))]
pub fn derive_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let options = Options::of(&input.attrs, attributes::Place::Type)?;
    let out = proc_macro2::Ident::new("out", Span::mixed_site());
    let body = match (&input.data, options.mode) {
        (Data::Union(data), _) => {
            return Err(syn::Error::new_spanned(
                data.union_token,
                "`derive(Value)` takes structs and enums: which field of a union holds is not known",
            ));
        }
        (_, Mode::Value) => shape::body(input, &out)?,
        (_, mode) => {
            let value = mode.wrap(quote!(self));
            quote!(::logring::Value::encode(#value, #out))
        }
    };
    let name = &input.ident;
    let bounds = bounds::of(input, options.mode)?;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let known = where_clause.map(|clause| &clause.predicates);
    let known = known.filter(|predicates| !predicates.is_empty()).map(|predicates| {
        let predicates = predicates.iter();
        quote!(#(#predicates,)*)
    });
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::logring::Value for #name #type_generics where #known #(#bounds,)* {
            fn encode(&self, #out: &mut ::logring::Writer) {
                #body
            }
        }
    })
}
