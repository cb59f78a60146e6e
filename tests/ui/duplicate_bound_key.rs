fn main() {
    let _log = logring::logger().bind(logring::kv! { a = 1, a = 2 });
}
