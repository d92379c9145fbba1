package stock

// EventType returns "stock.received.v1".
func (Received) EventType() string { return "stock.received.v1" }

// EventType returns "stock.adjusted.v1".
func (Adjusted) EventType() string { return "stock.adjusted.v1" }

// EventType returns "stock.counted.v1".
func (Counted) EventType() string { return "stock.counted.v1" }

// EventType returns "stock.reserved.v1".
func (Reserved) EventType() string { return "stock.reserved.v1" }

// EventType returns "stock.reservation_extended.v1".
func (ReservationExtended) EventType() string { return "stock.reservation_extended.v1" }

// EventType returns "stock.released.v1".
func (Released) EventType() string { return "stock.released.v1" }

// EventType returns "stock.reservation_expired.v1".
func (ReservationExpired) EventType() string { return "stock.reservation_expired.v1" }

// EventType returns "stock.committed.v1".
func (Committed) EventType() string { return "stock.committed.v1" }

// EventType returns "stock.backorder_filled.v1".
func (BackorderFilled) EventType() string { return "stock.backorder_filled.v1" }

// EventType returns "stock.moved.v1".
func (Moved) EventType() string { return "stock.moved.v1" }

// EventType returns "stock.deducted.v1".
func (Deducted) EventType() string { return "stock.deducted.v1" }

// EventType returns "stock.returned.v1".
func (Returned) EventType() string { return "stock.returned.v1" }

// EventType returns "stock.inspected.v1".
func (Inspected) EventType() string { return "stock.inspected.v1" }

// EventType returns "stock.transfer_dispatched.v1".
func (TransferDispatched) EventType() string { return "stock.transfer_dispatched.v1" }

// EventType returns "stock.transfer_received.v1".
func (TransferReceived) EventType() string { return "stock.transfer_received.v1" }

// EventType returns "stock.safety_stock_set.v1".
func (SafetyStockSet) EventType() string { return "stock.safety_stock_set.v1" }

// EventType returns "stock.backorder_policy_set.v1".
func (BackorderPolicySet) EventType() string { return "stock.backorder_policy_set.v1" }

// EventType returns "stock.tracking_set.v1".
func (TrackingSet) EventType() string { return "stock.tracking_set.v1" }

func (Received) stockEvent()            {}
func (Adjusted) stockEvent()            {}
func (Counted) stockEvent()             {}
func (Reserved) stockEvent()            {}
func (ReservationExtended) stockEvent() {}
func (Released) stockEvent()            {}
func (ReservationExpired) stockEvent()  {}
func (Committed) stockEvent()           {}
func (BackorderFilled) stockEvent()     {}
func (Moved) stockEvent()               {}
func (Deducted) stockEvent()            {}
func (Returned) stockEvent()            {}
func (Inspected) stockEvent()           {}
func (TransferDispatched) stockEvent()  {}
func (TransferReceived) stockEvent()    {}
func (SafetyStockSet) stockEvent()      {}
func (BackorderPolicySet) stockEvent()  {}
func (TrackingSet) stockEvent()         {}
