"""Amazon EventBridge: buses, rules and targets, and events that really reach them."""
