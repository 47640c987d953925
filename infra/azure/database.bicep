// PostgreSQL: what every replica shares. Reached through the private network alone.

@description('Prefix of every name.')
param name string

@description('Where it lives.')
param location string

@description('The password of the role muster.')
@secure()
param password string

@description('The subnet that the server is in.')
param subnet string

@description('The private DNS zone that has its name.')
param zone string

@description('The size. Burstable does for a few thousand people (infra/SCALE.md); GeneralPurpose can be highly available.')
param size object = {
  name: 'Standard_B1ms'
  tier: 'Burstable'
}

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: '${name}-${uniqueString(resourceGroup().id)}'
  location: location
  sku: {
    name: size.name
    tier: size.tier
  }
  properties: {
    version: '16'
    administratorLogin: 'muster'
    administratorLoginPassword: password
    storage: {
      storageSizeGB: 32
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: 7
      geoRedundantBackup: 'Disabled'
    }
    network: {
      delegatedSubnetResourceId: subnet
      privateDnsZoneArmResourceId: zone
      publicNetworkAccess: 'Disabled'
    }
    highAvailability: {
      mode: size.tier == 'Burstable' ? 'Disabled' : 'ZoneRedundant'
    }
  }
}

resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: server
  name: 'muster'
  properties: {
    charset: 'UTF8'
    collation: 'en_US.utf8'
  }
}

@description('The server, for its alarms.')
output id string = server.id

@description('Its host name.')
output host string = server.properties.fullyQualifiedDomainName
