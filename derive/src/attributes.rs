//! What `#[log(..)]` says on a type, a variant, a field. Each place takes what makes sense there, and
//! an error names what it takes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr};

/// How a value is logged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Value,
    Debug,
    Display,
    Error,
    Serde,
    Redact,
    Skip,
}

/// Where the attribute stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Type,
    Variant,
    Field,
}

/// What was said.
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) rename: Option<LitStr>,
}

impl Mode {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "debug" => Self::Debug,
            "display" => Self::Display,
            "error" => Self::Error,
            "serde" => Self::Serde,
            "redact" => Self::Redact,
            "skip" => Self::Skip,
            _ => return None,
        })
    }

    /// The value to encode instead of `value`, a reference.
    pub(crate) fn wrap(self, value: TokenStream) -> TokenStream {
        match self {
            Self::Value | Self::Skip => value,
            Self::Debug => quote!(&::logring::AsDebug(#value)),
            Self::Display => quote!(&::logring::AsDisplay(#value)),
            Self::Error => quote!(&::logring::AsError(#value)),
            Self::Serde => quote!(&::logring::AsSerde(#value)),
            Self::Redact => quote!(&::logring::Redacted),
        }
    }

    /// What a type parameter has to be.
    pub(crate) fn bound(self) -> Option<TokenStream> {
        Some(match self {
            Self::Value => quote!(::logring::Value),
            Self::Debug => quote!(::core::fmt::Debug),
            Self::Display => quote!(::core::fmt::Display),
            Self::Error => quote!(::core::error::Error),
            Self::Serde => quote!(::logring::__private::Serialize),
            Self::Redact | Self::Skip => return None,
        })
    }
}

impl Place {
    fn expected(self) -> &'static str {
        match self {
            Self::Type => "expected `debug`, `display`, `serde` or `redact` on a type",
            Self::Variant => "expected `rename = \"name\"` on a variant",
            Self::Field => {
                "expected `rename = \"name\"`, `skip`, `redact`, `debug`, `display`, `error` or `serde` \
                 on a field"
            }
        }
    }

    fn takes(self, mode: Mode) -> bool {
        match self {
            Self::Type => !matches!(mode, Mode::Skip | Mode::Error),
            Self::Variant => false,
            Self::Field => true,
        }
    }
}

impl Options {
    pub(crate) fn of(attributes: &[Attribute], place: Place) -> syn::Result<Self> {
        let mut options = Self { mode: Mode::Value, rename: None };
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("log")) {
            attribute.parse_nested_meta(|meta| {
                let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                if word == "rename" && place != Place::Type {
                    let name: LitStr = meta.value()?.parse()?;
                    check_key(&name)?;
                    if options.rename.replace(name).is_some() {
                        return Err(meta.error("`rename` is there twice"));
                    }
                    return Ok(());
                }
                let Some(mode) = Mode::of(&word).filter(|mode| place.takes(*mode)) else {
                    return Err(meta.error(place.expected()));
                };
                if options.mode != Mode::Value {
                    return Err(meta.error("one way to log it is enough"));
                }
                options.mode = mode;
                Ok(())
            })?;
        }
        match &options.rename {
            Some(name) if options.mode == Mode::Skip => {
                Err(syn::Error::new(name.span(), "what is skipped needs no name"))
            }
            _ => Ok(options),
        }
    }
}

/// Whether the name is fit for a key: as the names of a log call's fields are.
fn check_key(name: &LitStr) -> syn::Result<()> {
    let text = name.value();
    if text.is_empty() {
        return Err(syn::Error::new(name.span(), "a key is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(syn::Error::new(name.span(), "a key has a control character in it"));
    }
    Ok(())
}

/// The key of a field or variant: what `rename` says, else its identifier.
pub(crate) fn key(options: &Options, ident: &syn::Ident) -> LitStr {
    options.rename.clone().unwrap_or_else(|| {
        let name = ident.to_string();
        LitStr::new(name.strip_prefix("r#").unwrap_or(&name), ident.span())
    })
}

/// Fails when two of these keys are the same.
pub(crate) fn check_distinct(keys: &[LitStr]) -> syn::Result<()> {
    for (at, key) in keys.iter().enumerate() {
        if keys[..at].iter().any(|other| other.value() == key.value()) {
            let message = format!("two keys are `{}`", key.value());
            return Err(syn::Error::new(key.span(), message));
        }
    }
    Ok(())
}

/// The place of an error about a field: its type.
pub(crate) fn place_of(field: &syn::Field) -> proc_macro2::Span {
    field.ty.span()
}
