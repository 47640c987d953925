// The key vault: the app refers to its secrets, and nothing else holds them.

@description('Prefix of every name.')
param name string

@description('Where it lives.')
param location string

@description('The object id of the identity that reads them.')
param reader string

@description('The client secret of the app registration.')
@secure()
param appPassword string

@description('The address of the database, with its password.')
@secure()
param store string

@description('Seals the keys in the database.')
@secure()
param secretKey string

@description('More settings that are secrets, by name.')
@secure()
param secretSettings object

var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6' // the built-in role Key Vault Secrets User

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: '${name}${uniqueString(resourceGroup().id)}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
  }
}

resource passwordSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'app-password'
  properties: {
    value: appPassword
  }
}

resource storeSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'store'
  properties: {
    value: store
  }
}

resource keySecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'secret-key'
  properties: {
    value: secretKey
  }
}

resource moreSecrets 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = [for setting in items(secretSettings): {
  parent: vault
  name: toLower(replace(setting.key, '_', '-'))
  properties: {
    value: setting.value
  }
}]

resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, reader, secretsUser)
  scope: vault
  properties: {
    principalId: reader
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

@description('Where the app finds its client secret: an address, not the secret.')
output appSecretUri string = passwordSecret.properties.secretUri

@description('Where it finds the address of the database.')
output storeUri string = storeSecret.properties.secretUri

@description('Where it finds what seals its keys.')
output keyUri string = keySecret.properties.secretUri

@description('The vault itself, as an address that ends with a slash.')
output vaultUri string = vault.properties.vaultUri
