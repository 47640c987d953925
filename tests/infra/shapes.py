"""The resource types that infra/ uses, each at the version that was read, and the shape of those without a type file.

A name with `!` is required. A shape has what the templates use of a type, not all that the type has.
"""

from __future__ import annotations

from collections.abc import Mapping

Shape = Mapping[str, "Shape"] | list["Shape"] | None
"""A value's properties, the shape of a list's items, or anything."""

SHAPES: Mapping[str, Shape] = {
    "Microsoft.Authorization/roleAssignments@2022-04-01": {
        "name!": None,
        "properties!": {"principalId!": None, "principalType": None, "roleDefinitionId!": None},
    },
    "Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01": {
        "name!": None,
        "location!": None,
        "sku": {"name!": None, "tier!": None},
        "properties": {
            "version": None,
            "administratorLogin": None,
            "administratorLoginPassword": None,
            "storage": {"storageSizeGB": None, "autoGrow": None},
            "backup": {"backupRetentionDays": None, "geoRedundantBackup": None},
            "network": {
                "delegatedSubnetResourceId": None,
                "privateDnsZoneArmResourceId": None,
                "publicNetworkAccess": None,
            },
            "highAvailability": {"mode": None},
        },
    },
    "Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01": {
        "name!": None,
        "properties": {"charset": None, "collation": None},
    },
    "Microsoft.Insights/actionGroups@2023-01-01": {
        "name!": None,
        "location!": None,
        "properties": {
            "groupShortName!": None,
            "enabled!": None,
            "emailReceivers": [{"name!": None, "emailAddress!": None, "useCommonAlertSchema": None}],
        },
    },
    "Microsoft.Insights/metricAlerts@2018-03-01": {
        "name!": None,
        "location!": None,
        "properties!": {
            "description": None,
            "severity!": None,
            "enabled!": None,
            "scopes!": None,
            "evaluationFrequency!": None,
            "windowSize!": None,
            "criteria!": {
                "odata.type!": None,
                "allOf": [
                    {
                        "criterionType!": None,
                        "name!": None,
                        "metricName!": None,
                        "timeAggregation!": None,
                        "operator!": None,
                        "threshold!": None,
                        "dimensions": None,
                    }
                ],
            },
            "actions": [{"actionGroupId": None}],
        },
    },
    "Microsoft.Insights/scheduledQueryRules@2023-12-01": {
        "name!": None,
        "location!": None,
        "properties!": {
            "displayName": None,
            "description": None,
            "severity": None,
            "enabled": None,
            "scopes": None,
            "evaluationFrequency": None,
            "windowSize": None,
            "skipQueryValidation": None,
            "autoMitigate": None,
            "criteria": {
                "allOf": [
                    {
                        "query": None,
                        "timeAggregation": None,
                        "operator": None,
                        "threshold": None,
                        "failingPeriods": {"numberOfEvaluationPeriods": None, "minFailingPeriodsToAlert": None},
                    }
                ]
            },
            "actions": {"actionGroups": None},
        },
    },
    "Microsoft.Network/virtualNetworks@2024-05-01": {
        "name!": None,
        "location": None,
        "properties": {
            "addressSpace": {"addressPrefixes": None},
            "subnets": [
                {
                    "name": None,
                    "properties": {
                        "addressPrefix": None,
                        "delegations": [{"name": None, "properties": {"serviceName": None}}],
                    },
                }
            ],
        },
    },
    "Microsoft.Network/privateDnsZones@2024-06-01": {"name!": None, "location": None},
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01": {
        "name!": None,
        "location": None,
        "properties": {"registrationEnabled": None, "virtualNetwork": {"id": None}},
    },
}
"""Read off Microsoft's type files (Azure/bicep-types-az, August 2026), which are not beside every checkout."""

PINNED = frozenset(SHAPES) | {
    "Microsoft.App/containerApps@2024-03-01",
    "Microsoft.App/managedEnvironments@2024-03-01",
    "Microsoft.BotService/botServices@2022-09-15",
    "Microsoft.BotService/botServices/channels@2022-09-15",
    "Microsoft.BotService/botServices/connections@2022-09-15",
    "Microsoft.KeyVault/vaults@2023-07-01",
    "Microsoft.KeyVault/vaults/secrets@2023-07-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31",
    "Microsoft.OperationalInsights/workspaces@2023-09-01",
}
"""Every type with its version: another version is one that nobody has held the templates against."""
