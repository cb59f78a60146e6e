//! What the type parameters have to be: a parameter that a field's type names has to be what that
//! field is logged by. A parameter that only skipped or redacted fields name has to be nothing.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Fields};

use crate::attributes::{Mode, Options, Place};

/// The bounds, `T: Trait` each.
pub(crate) fn of(input: &DeriveInput, whole: Mode) -> syn::Result<Vec<TokenStream>> {
    let parameters: Vec<&Ident> = input.generics.type_params().map(|param| &param.ident).collect();
    if parameters.is_empty() {
        return Ok(Vec::new());
    }
    let mut bounds = Vec::new();
    if whole != Mode::Value {
        let (_, type_generics, _) = input.generics.split_for_impl();
        let name = &input.ident;
        bounds.extend(whole.bound().map(|bound| quote!(#name #type_generics: #bound)));
        return Ok(bounds);
    }
    let fields: Vec<&Fields> = match &input.data {
        Data::Struct(data) => vec![&data.fields],
        Data::Enum(data) => data.variants.iter().map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    let mut seen = Vec::new();
    for field in fields.into_iter().flatten() {
        let mode = Options::of(&field.attrs, Place::Field)?.mode;
        let Some(bound) = mode.bound() else { continue };
        for parameter in &parameters {
            let is_new = !seen.contains(&(*parameter, mode as u8));
            if is_new && names(field.ty.to_token_stream(), parameter) {
                seen.push((parameter, mode as u8));
                bounds.push(quote!(#parameter: #bound));
            }
        }
    }
    Ok(bounds)
}

/// Whether these tokens have this identifier among them.
fn names(tokens: TokenStream, wanted: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *wanted,
        TokenTree::Group(group) => names(group.stream(), wanted),
        _ => false,
    })
}
