fn main() {
    logring::info!("x", "a\tb" = 1);
    logring::info!("x", "\u{9b}31m" = 1);
    logring::info!("x", timestamp = 1);
    let _log = logring::logger().bind(logring::kv! { "event" = 1 });
}
