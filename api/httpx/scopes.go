package httpx

// Scope is one permission.
type Scope string

// Scopes is a set of them.
type Scopes uint64

// The scopes that tokens may carry. Some are part of another one: who may write orders may place them.
const (
	ScopeCatalogRead       Scope = "catalog:read"
	ScopeCatalogWrite      Scope = "catalog:write"
	ScopeInventoryRead     Scope = "inventory:read"
	ScopeInventoryWrite    Scope = "inventory:write"
	ScopeOrdersRead        Scope = "orders:read"
	ScopeOrdersWrite       Scope = "orders:write" // with ScopeOrdersPlace
	ScopeOrdersPlace       Scope = "orders:place"
	ScopeOrdersCancel      Scope = "orders:cancel"
	ScopeFulfillmentsWrite Scope = "fulfillments:write"
	ScopeReturnsWrite      Scope = "returns:write" // with ScopeReturnsRequest and ScopeReturnsReceive
	ScopeReturnsRequest    Scope = "returns:request"
	ScopeReturnsReceive    Scope = "returns:receive"
	ScopeInvoicesWrite     Scope = "invoices:write"
	ScopePaymentsRecord    Scope = "payments:record"
	ScopeAnalyticsRead     Scope = "analytics:read"
	ScopeCustomersRead     Scope = "customers:read"
	ScopeCustomersPII      Scope = "customers:pii"
	ScopeCustomersErase    Scope = "customers:erase"
	ScopeAuditRead         Scope = "audit:read"
	ScopeEventsRead        Scope = "events:read"
	ScopeProjectionsAdmin  Scope = "projections:admin"
	ScopeSettingsManage    Scope = "settings:manage"
)

// bits numbers the scopes. The numbers are not stored anywhere. A scope that includes others has their bits too.
var bits = map[Scope]Scopes{
	ScopeCatalogRead: 1 << 0, ScopeCatalogWrite: 1 << 1, ScopeInventoryRead: 1 << 2, ScopeInventoryWrite: 1 << 3,
	ScopeOrdersRead: 1 << 4, ScopeOrdersWrite: 1<<5 | 1<<14, ScopeOrdersCancel: 1 << 6, ScopePaymentsRecord: 1 << 7,
	ScopeAnalyticsRead: 1 << 8, ScopeCustomersRead: 1 << 9, ScopeCustomersPII: 1 << 10, ScopeAuditRead: 1 << 11,
	ScopeEventsRead: 1 << 12, ScopeProjectionsAdmin: 1 << 13, ScopeOrdersPlace: 1 << 14, ScopeFulfillmentsWrite: 1 << 15,
	ScopeReturnsWrite: 1<<16 | 1<<17 | 1<<18, ScopeReturnsRequest: 1 << 17, ScopeReturnsReceive: 1 << 18,
	ScopeInvoicesWrite: 1 << 19, ScopeCustomersErase: 1 << 20, ScopeSettingsManage: 1 << 21,
}

// RoleCustomer is the role of a shop's customers: they place orders and see their own, by the token's subject.
const RoleCustomer = "customer"

// roles are the named sets of scopes.
var roles = map[string][]Scope{
	"admin": {
		ScopeCatalogRead, ScopeCatalogWrite, ScopeInventoryRead, ScopeInventoryWrite, ScopeOrdersRead, ScopeOrdersWrite,
		ScopeOrdersCancel, ScopeFulfillmentsWrite, ScopeReturnsWrite, ScopeInvoicesWrite, ScopePaymentsRecord, ScopeAnalyticsRead,
		ScopeCustomersRead, ScopeCustomersPII, ScopeCustomersErase, ScopeAuditRead, ScopeEventsRead, ScopeProjectionsAdmin,
		ScopeSettingsManage,
	},
	"support": {
		ScopeCatalogRead, ScopeInventoryRead, ScopeOrdersRead, ScopeOrdersWrite, ScopeOrdersCancel, ScopeReturnsWrite,
		ScopeCustomersRead, ScopeCustomersPII,
	},
	"warehouse": {
		ScopeCatalogRead, ScopeInventoryRead, ScopeInventoryWrite, ScopeOrdersRead, ScopeFulfillmentsWrite, ScopeReturnsReceive,
		ScopeCustomersPII,
	},
	"finance": {
		ScopeCatalogRead, ScopeOrdersRead, ScopeInvoicesWrite, ScopePaymentsRecord, ScopeAnalyticsRead, ScopeCustomersRead,
		ScopeCustomersPII,
	},
	"analyst":    {ScopeCatalogRead, ScopeInventoryRead, ScopeOrdersRead, ScopeAnalyticsRead},
	RoleCustomer: {ScopeCatalogRead, ScopeOrdersRead, ScopeOrdersPlace, ScopeOrdersCancel, ScopeReturnsRequest, ScopeCustomersPII},
	"integrator": {
		ScopeCatalogRead, ScopeCatalogWrite, ScopeInventoryRead, ScopeInventoryWrite, ScopeOrdersRead, ScopeOrdersWrite,
		ScopeOrdersCancel, ScopeFulfillmentsWrite, ScopeReturnsWrite, ScopeCustomersRead, ScopeCustomersPII, ScopeEventsRead,
	},
	"auditor": {ScopeCatalogRead, ScopeInventoryRead, ScopeOrdersRead, ScopeAnalyticsRead, ScopeAuditRead, ScopeEventsRead},
}

// Roles returns the names of all roles, in the order in which people think of them.
func Roles() []string {
	return []string{"admin", "support", "warehouse", "finance", "analyst", RoleCustomer, "integrator", "auditor"}
}

// RoleScopes returns what a role may do. An unknown role may do nothing.
func RoleScopes(role string) (Scopes, bool) {
	list, ok := roles[role]
	return scopesOf(list...), ok
}

// Has reports whether the set holds a scope. The empty scope is held by everybody.
func (s Scopes) Has(scope Scope) bool {
	wanted, known := bits[scope]
	return scope == "" || known && s&wanted == wanted
}

func scopesOf(list ...Scope) Scopes {
	var set Scopes
	for _, scope := range list {
		set |= bits[scope]
	}
	return set
}
