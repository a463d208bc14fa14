"""Amazon EventBridge Scheduler: schedules that call a target at their time."""
