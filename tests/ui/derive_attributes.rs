use logring::Value;

#[derive(Value)]
struct Unknown {
    #[log(secret)]
    a: i64,
}

#[derive(Value)]
struct Twice {
    #[log(debug, display)]
    a: i64,
}

#[derive(Value)]
struct SkippedName {
    #[log(skip, rename = "b")]
    a: i64,
}

#[derive(Value)]
struct NoText {
    #[log(rename = b)]
    a: i64,
}

#[derive(Value)]
struct Control {
    #[log(rename = "a\nb")]
    a: i64,
}

#[derive(Value)]
struct Same {
    a: i64,
    #[log(rename = "a")]
    b: i64,
}

#[derive(Value)]
struct Numbered(#[log(rename = "a")] i64);

#[derive(Value)]
struct Nothing(#[log(skip)] i64);

#[derive(Value)]
#[log(rename = "b")]
struct OfType;

#[derive(Value)]
enum OfVariant {
    #[log(skip)]
    A,
}

#[derive(Value)]
union Either {
    a: i64,
    b: u64,
}

fn main() {}
