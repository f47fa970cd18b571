package conformance

import (
	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/alerting"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/packages/pagination"
	"github.com/cloudflare/cloudflare-go/v7/rulesets"
	"github.com/cloudflare/cloudflare-go/v7/shared"
	"github.com/cloudflare/cloudflare-go/v7/user"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/culvert/culvert/cloudflare/sim"
)

// Shorter names for the pages of the official client.
type (
	groupsPage         = pagination.SinglePage[user.TokenPermissionGroupListResponse]
	accountsPage       = pagination.V4PagePaginationArray[accounts.Account]
	zonesPage          = pagination.V4PagePaginationArray[zones.Zone]
	tunnelsPage        = pagination.V4PagePaginationArray[shared.CloudflareTunnel]
	allTunnelsPage     = pagination.V4PagePaginationArray[zero_trust.TunnelListResponse]
	appsPage           = pagination.V4PagePaginationArray[zero_trust.AccessApplicationListResponse]
	appPoliciesPage    = pagination.V4PagePaginationArray[zero_trust.AccessApplicationPolicyListResponse]
	policiesPage       = pagination.V4PagePaginationArray[zero_trust.AccessPolicyListResponse]
	groupsOfAccessPage = pagination.V4PagePaginationArray[zero_trust.AccessGroupListResponse]
	serviceTokensPage  = pagination.V4PagePaginationArray[zero_trust.ServiceToken]
	tagsPage           = pagination.V4PagePaginationArray[zero_trust.Tag]
	methodsPage        = pagination.V4PagePaginationArray[zero_trust.IdentityProviderListResponse]
	recordsPage        = pagination.V4PagePaginationArray[dns.RecordResponse]
	versionsPage       = pagination.SinglePage[rulesets.VersionListResponse]
	phaseVersionsPage  = pagination.SinglePage[rulesets.PhaseVersionListResponse]
	scannedPage        = pagination.SinglePage[dns.RecordResponse]
	vnetsPage          = pagination.SinglePage[zero_trust.VirtualNetwork]
	routesPage         = pagination.V4PagePaginationArray[zero_trust.Teamnet]
	hostnameRoutesPage = pagination.V4PagePaginationArray[zero_trust.HostnameRoute]
	alertsPage         = pagination.SinglePage[alerting.Policy]
	subnetsPage        = pagination.V4PagePaginationArray[zero_trust.Subnet]
	locationsPage      = pagination.SinglePage[zero_trust.Location]
	auditPage          = pagination.CursorPaginationAfter[accounts.LogAuditListResponse]
	devicesPage        = pagination.CursorPagination[zero_trust.DeviceDeviceListResponse]
	registrationsPage  = pagination.CursorPagination[zero_trust.DeviceRegistrationListResponse]
	fleetPage          = pagination.V4PagePaginationArray[zero_trust.DEXFleetStatusDeviceListResponse]
	dexTestsPage       = pagination.V4PagePaginationArray[zero_trust.SchemaHTTP]
	profilesPage       = pagination.SinglePage[zero_trust.SettingsPolicy]
	excludePage        = pagination.SinglePage[zero_trust.SplitTunnelExclude]
	includePage        = pagination.SinglePage[zero_trust.SplitTunnelInclude]
	fallbackPage       = pagination.SinglePage[zero_trust.FallbackDomain]
	clientsPage        = pagination.SinglePage[zero_trust.Client]
)

func zonesAll() zones.ZoneListParams { return zones.ZoneListParams{} }

// Simulators that give the other answer where several are known.
var (
	connectionsShown = sim.Options{Unsure: sim.Unsure{ConnectionsInTunnels: true}}
	deletedUnlisted  = sim.Options{Unsure: sim.Unsure{DeletedUnlisted: true}}
	defaultListed    = sim.Options{Unsure: sim.Unsure{DefaultProfileListed: true}}
	modeKept         = sim.Options{Unsure: sim.Unsure{SplitModeKept: true}}
	identicalIs81057 = sim.Options{Unsure: sim.Unsure{IdenticalIs81057: true}}
)
