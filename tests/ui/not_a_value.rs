struct Order;

fn main() {
    let order = Order;
    logring::info!("x", err = order);
    let _log = logring::logger().bind(logring::kv! { order = order });
}
