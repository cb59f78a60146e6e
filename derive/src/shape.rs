//! The shape in which a type's fields are logged: maps for named fields, lists for numbered ones, the
//! name for none; an enum's variant as a map of its name and that. It is serde's default shape, but for
//! structs without fields, which serde leaves out.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Data, DataEnum, DeriveInput, Field, Fields};

use crate::attributes::{Mode, Options, Place, check_distinct, key, place_of};

/// The body of `encode`.
pub(crate) fn body(input: &DeriveInput, out: &Ident) -> syn::Result<TokenStream> {
    match &input.data {
        Data::Struct(data) => {
            let fields = fields(&data.fields)?;
            let Shape { pattern, encode } = shape(&fields, &data.fields, out);
            let encode = encode.unwrap_or_else(|| {
                let name = input.ident.to_string();
                quote!(::logring::Value::encode(#name, #out);)
            });
            Ok(quote! {
                let Self #pattern = self;
                #encode
            })
        }
        Data::Enum(data) => variants(data, out),
        // Refused before.
        Data::Union(_) => Ok(TokenStream::new()),
    }
}

fn variants(data: &DataEnum, out: &Ident) -> syn::Result<TokenStream> {
    if data.variants.is_empty() {
        return Ok(quote!(match *self {}));
    }
    let (mut keys, mut arms) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        let key = key(&Options::of(&variant.attrs, Place::Variant)?, &variant.ident);
        let fields = fields(&variant.fields)?;
        let Shape { pattern, encode } = shape(&fields, &variant.fields, out);
        let ident = &variant.ident;
        arms.push(match encode {
            None => quote!(Self::#ident #pattern => ::logring::Value::encode(#key, #out),),
            Some(encode) => quote! {
                Self::#ident #pattern => #out.map(|#out| {
                    #out.pair(#key, &::logring::__private::ByCall(|#out: &mut ::logring::Writer| { #encode }));
                }),
            },
        });
        keys.push(key);
    }
    check_distinct(&keys)?;
    Ok(quote!(match self { #(#arms)* }))
}

/// A field, and the variable that it is bound to.
struct Bound<'a> {
    field: &'a Field,
    options: Options,
    variable: Ident,
}

fn fields(fields: &Fields) -> syn::Result<Vec<Bound<'_>>> {
    let mut bound = Vec::new();
    for (number, field) in fields.iter().enumerate() {
        let options = Options::of(&field.attrs, Place::Field)?;
        if let (None, Some(name)) = (&field.ident, &options.rename) {
            let message = "a field without a name is logged without one";
            return Err(syn::Error::new(name.span(), message));
        }
        let variable = format_ident!("field_{number}", span = Span::mixed_site());
        bound.push(Bound { field, options, variable });
    }
    if let (Fields::Unnamed(_), [only]) = (fields, &bound[..])
        && only.options.mode == Mode::Skip
    {
        let message = "nothing is left to log when the only field is skipped";
        return Err(syn::Error::new(place_of(only.field), message));
    }
    let named = bound.iter().filter(|bound| bound.options.mode != Mode::Skip);
    let keys = named.filter_map(|bound| Some(key(&bound.options, bound.field.ident.as_ref()?)));
    check_distinct(&keys.collect::<Vec<_>>())?;
    Ok(bound)
}

struct Shape {
    /// Binds the fields that are read.
    pattern: TokenStream,
    /// Encodes them; `None` where there are none to have.
    encode: Option<TokenStream>,
}

impl Bound<'_> {
    fn is_read(&self) -> bool {
        !matches!(self.options.mode, Mode::Skip | Mode::Redact)
    }

    fn value(&self) -> TokenStream {
        let variable = &self.variable;
        self.options.mode.wrap(quote!(#variable))
    }
}

fn shape(bound: &[Bound<'_>], fields: &Fields, out: &Ident) -> Shape {
    let logged = || bound.iter().filter(|bound| bound.options.mode != Mode::Skip);
    match fields {
        Fields::Unit => Shape { pattern: TokenStream::new(), encode: None },
        Fields::Named(_) => {
            let read = bound.iter().filter(|bound| bound.is_read()).map(|bound| {
                let (ident, variable) = (&bound.field.ident, &bound.variable);
                quote!(#ident: #variable,)
            });
            let pattern = quote!({ #(#read)* .. });
            let pairs = logged().filter_map(|bound| {
                let key = key(&bound.options, bound.field.ident.as_ref()?);
                let value = bound.value();
                Some(quote_spanned!(place_of(bound.field)=> #out.pair(#key, #value);))
            });
            let encode = quote!(#out.map(|#out| { #(#pairs)* }););
            Shape { pattern, encode: Some(encode) }
        }
        Fields::Unnamed(_) => {
            let read = bound.iter().map(|bound| {
                let variable = &bound.variable;
                if bound.is_read() { quote!(#variable,) } else { quote!(_,) }
            });
            let pattern = quote!((#(#read)*));
            let encode = if let [only] = bound {
                let value = only.value();
                quote_spanned!(place_of(only.field)=> ::logring::Value::encode(#value, #out);)
            } else {
                let items = logged().map(|bound| {
                    let value = bound.value();
                    quote_spanned!(place_of(bound.field)=> #out.item(#value);)
                });
                quote!(#out.list(|#out| { #(#items)* });)
            };
            Shape { pattern, encode: Some(encode) }
        }
    }
}
