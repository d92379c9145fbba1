package write

// handlers are all operations of the write host by their names in the OpenAPI document.
func (s *server) handlers() map[string]handler {
	return map[string]handler{
		"placeOrder":        s.placeOrder,
		"quoteOrder":        s.quoteOrder,
		"updateOrder":       s.updateOrder,
		"placeDraft":        ofOrder(s, placeDraft, changed),
		"confirmOrder":      ofOrder(s, confirmOrder, changed),
		"holdOrder":         ofOrder(s, holdOrder, changed),
		"releaseHold":       ofOrder(s, releaseHold, changed),
		"cancelOrder":       ofOrder(s, cancelOrder, changed),
		"cancelLines":       ofOrder(s, cancelLines, changed),
		"completeOrder":     ofOrder(s, completeOrder, changed),
		"archiveOrder":      ofOrder(s, archiveOrder, changed),
		"markOrderPaid":     ofOrder(s, markOrderPaid, changed),
		"markOrderRefunded": ofOrder(s, markOrderRefunded, changed),

		"beginEdit":   ofOrder(s, beginEdit, created),
		"stageEdit":   s.stageEdit,
		"commitEdit":  ofOrder(s, commitEdit, changed),
		"discardEdit": ofOrder(s, discardEdit, gone),

		"createFulfillment":     ofOrder(s, createFulfillment, created),
		"packFulfillment":       ofOrder(s, packFulfillment, changed),
		"moveFulfillment":       ofOrder(s, moveFulfillment, changed),
		"shipFulfillment":       ofOrder(s, shipFulfillment, changed),
		"recordDelivery":        ofOrder(s, recordDelivery, changed),
		"recordDeliveryFailure": ofOrder(s, recordDeliveryFailure, changed),
		"cancelFulfillment":     ofOrder(s, cancelFulfillment, changed),
		"updateTracking":        ofOrder(s, updateTracking, changed),

		"requestReturn": ofOrder(s, requestReturn, created),
		"approveReturn": ofOrder(s, approveReturn, changed),
		"declineReturn": ofOrder(s, declineReturn, changed),
		"receiveReturn": ofOrder(s, receiveReturn, changed),
		"resolveReturn": ofOrder(s, resolveReturn, changed),
		"cancelReturn":  ofOrder(s, cancelReturn, changed),

		"addNote":         ofOrder(s, addNote, created),
		"editNote":        ofOrder(s, editNote, changed),
		"removeNote":      ofOrder(s, removeNote, gone),
		"issueInvoice":    ofOrder(s, issueInvoice, created),
		"issueCreditNote": ofOrder(s, issueCreditNote, created),

		"receiveStock":    command(s, receiveStock, inventory),
		"adjustStock":     command(s, adjustStock, inventory),
		"countStock":      command(s, countStock, inventory),
		"inspectStock":    command(s, inspectStock, inventory),
		"transferStock":   command(s, transferStock, dispatched),
		"receiveTransfer": command(s, receiveTransfer, arrived),
		"updateInventory": command(s, updateInventory, inventory),

		"makeReservation":   command(s, makeReservation, reserved),
		"extendReservation": command(s, extendReservation, extended),
		"endReservation":    command(s, endReservation, gone),

		"listProduct":    command(s, listProduct, listed),
		"updateProduct":  command(s, updateProduct, product),
		"importProducts": s.importProducts,

		"createTaxRate":        command(s, putTaxRate, taxRate),
		"putTaxRate":           command(s, putTaxRate, taxRate),
		"removeTaxRate":        command(s, removeTaxRate, gone),
		"createShippingMethod": command(s, putShippingMethod, shippingMethod),
		"putShippingMethod":    command(s, putShippingMethod, shippingMethod),
		"removeShippingMethod": command(s, removeShippingMethod, gone),
		"createDiscount":       command(s, putDiscount, discount),
		"putDiscount":          command(s, putDiscount, discount),
		"removeDiscount":       command(s, removeDiscount, gone),
		"createLocation":       command(s, putLocation, location),
		"putLocation":          command(s, putLocation, location),
		"removeLocation":       command(s, removeLocation, gone),
		"setPaymentPolicy":     command(s, setPaymentPolicy, paymentPolicy),
		"setTimeZone":          command(s, setTimeZone, timeZone),
		"setRounding":          command(s, setRounding, rounding),
		"setLimits":            command(s, setLimits, limits),

		"eraseCustomer": s.eraseCustomer,
		"setLegalHold":  command(s, setLegalHold, customerState),
		"liftLegalHold": command(s, liftLegalHold, gone),
	}
}
