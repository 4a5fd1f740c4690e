//! `#[derive(FromJson)]`: reads a shared type from a parsed JSON value, by the same `#[serde(…)]` attributes that the server
//! writes it by. What it writes is a tenth of serde's `Deserialize` in size, which is what the dashboard is after; it takes
//! what the gateway writes and judges nothing. An attribute that it does not know does not compile.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DeriveInput, Error, Field, Fields, Ident, LitStr, Path, Result, parse_macro_input};

/// Reads the type from JSON; see `fastgate_shared::json`.
#[proc_macro_derive(FromJson, attributes(serde))]
pub fn from_json(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let container = Container::read(input)?;
    let body = match &input.data {
        Data::Struct(data) => read_struct(&data.fields)?,
        Data::Enum(data) => read_enum(data, &container)?,
        Data::Union(_) => return Err(Error::new_spanned(&input.ident, "a union has no JSON")),
    };
    let name = &input.ident;
    let parameters = input.generics.type_params().map(|parameter| &parameter.ident);
    let parameters: Vec<&Ident> = parameters.collect();
    Ok(quote! {
        impl<#(#parameters: crate::json::FromJson),*> crate::json::FromJson for #name<#(#parameters),*> {
            fn read(value: &::serde_json::Value, reader: &mut crate::json::Reader) -> Self {
                #body
            }
        }
    })
}

fn read_struct(fields: &Fields) -> Result<TokenStream> {
    let Fields::Named(fields) = fields else {
        return Err(Error::new_spanned(
            fields,
            "only fields with names have a place in JSON",
        ));
    };
    let members = fields.named.iter().map(read_field).collect::<Result<Vec<_>>>()?;
    Ok(quote! { Self { #(#members),* } })
}

fn read_field(field: &Field) -> Result<TokenStream> {
    let name = field.ident.as_ref().expect("named fields have names");
    let member = Member::read(field)?;
    let key = member
        .rename
        .unwrap_or_else(|| name.to_string().trim_start_matches("r#").to_owned());
    let read = match (member.flatten, member.default) {
        (true, Absent::Refused) => quote! { crate::json::FromJson::read(value, reader) },
        // None where the object lacks its members.
        (true, _) => quote! { reader.attempt(value) },
        (false, Absent::Refused) => quote! { reader.member(value, #key) },
        (false, Absent::Default) => quote! { reader.member_or(value, #key, ::core::default::Default::default) },
        (false, Absent::Made(path)) => quote! { reader.member_or(value, #key, #path) },
    };
    Ok(quote! { #name: #read })
}

fn read_enum(data: &DataEnum, container: &Container) -> Result<TokenStream> {
    let mut names = Vec::new();
    let mut variants = Vec::new();
    for (at, variant) in data.variants.iter().enumerate() {
        let name = &variant.ident;
        let members = match (&variant.fields, &container.tag) {
            (Fields::Unit, _) => quote! {},
            (Fields::Named(fields), Some(_)) => {
                let members = fields.named.iter().map(read_field).collect::<Result<Vec<_>>>()?;
                quote! { { #(#members),* } }
            }
            _ => {
                return Err(Error::new_spanned(
                    variant,
                    "only variants with names and a tag have members",
                ));
            }
        };
        names.push(container.case.of(&name.to_string()));
        // The last one also stands for what is unknown, which the reader has noted by then.
        let at = if at + 1 == data.variants.len() {
            quote! { _ }
        } else {
            quote! { #at }
        };
        variants.push(quote! { #at => Self::#name #members });
    }
    let word = match &container.tag {
        Some(tag) => quote! { reader.tag(value, #tag, &[#(#names),*]) },
        None => quote! { reader.choice(value, &[#(#names),*]) },
    };
    Ok(quote! {
        match #word { #(#variants),* }
    })
}

/// How the names of variants are written.
#[derive(Clone, Copy)]
enum Case {
    AsIs,
    Lower,
    Snake,
}

impl Case {
    fn of(self, name: &str) -> String {
        let mut written = String::new();
        for letter in name.chars() {
            match self {
                Self::AsIs => written.push(letter),
                Self::Lower => written.extend(letter.to_lowercase()),
                Self::Snake => {
                    if letter.is_uppercase() && !written.is_empty() {
                        written.push('_');
                    }
                    written.extend(letter.to_lowercase());
                }
            }
        }
        written
    }
}

/// What the attributes of the whole type say.
struct Container {
    case: Case,
    /// The member that names the variant.
    tag: Option<String>,
}

impl Container {
    fn read(input: &DeriveInput) -> Result<Self> {
        let mut container = Self {
            case: Case::AsIs,
            tag: None,
        };
        for attribute in input
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("serde"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename_all") {
                    let wanted: LitStr = meta.value()?.parse()?;
                    container.case = match wanted.value().as_str() {
                        "snake_case" => Case::Snake,
                        "lowercase" => Case::Lower,
                        _ => return Err(meta.error("only snake_case and lowercase are read")),
                    };
                    return Ok(());
                }
                if meta.path.is_ident("tag") {
                    container.tag = Some(meta.value()?.parse::<LitStr>()?.value());
                    return Ok(());
                }
                // What the gateway writes has no unknown fields.
                if meta.path.is_ident("deny_unknown_fields") {
                    return Ok(());
                }
                Err(meta.error("FromJson does not know this attribute"))
            })?;
        }
        Ok(container)
    }
}

/// What an absent or null member becomes.
enum Absent {
    Refused,
    Default,
    Made(Path),
}

/// What the attributes of a field say.
struct Member {
    flatten: bool,
    default: Absent,
    rename: Option<String>,
}

impl Member {
    fn read(field: &Field) -> Result<Self> {
        let mut member = Self {
            flatten: false,
            default: Absent::Refused,
            rename: None,
        };
        for attribute in field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("serde"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("flatten") {
                    member.flatten = true;
                } else if meta.path.is_ident("default") {
                    member.default = match meta.value() {
                        Ok(value) => Absent::Made(value.parse::<LitStr>()?.parse()?),
                        Err(_) => Absent::Default,
                    };
                } else if meta.path.is_ident("rename") {
                    member.rename = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("skip_serializing_if") || meta.path.is_ident("deserialize_with") {
                    // The one is the server's, the other takes what people write, which the gateway has made uniform.
                    meta.value()?.parse::<LitStr>()?;
                } else {
                    return Err(meta.error("FromJson does not know this attribute"));
                }
                Ok(())
            })?;
        }
        Ok(member)
    }
}
