use logring::Value;

struct Opaque;

#[derive(Value)]
struct Named {
    plain: Opaque,
    #[log(debug)]
    debug: Opaque,
    #[log(display)]
    display: Opaque,
    #[log(error)]
    error: Opaque,
    #[log(serde)]
    serde: Opaque,
}

#[derive(Value)]
enum Choice {
    A(i64, Opaque),
}

fn main() {}
